using System.Globalization;
using System.Text.Json;
using ChronoLog.Tests.Cluster.Deployments;
using ChronoLog.Tests.Cluster.Faults;
using Signals = ChronoLog.Tests.Cluster.Deployments.Signals;

namespace ChronoLog.Tests.Cluster.Mpi;

/// <summary>chronolog up --mpi: one command in a job script is the deployment and the application.</summary>
public sealed class JobTests
{
    private string directory = null!;

    // An application that is told from others by its name.
    private string Sleeper => $"echo on; exec -a {directory}/application sleep 1000";

    private string Archive => Path.Combine(directory, "archive", "group-0");

    [SetUp]
    public void SetUp() => directory = Directory.CreateTempSubdirectory("chronolog-job-").FullName;

    [TearDown]
    public void TearDown()
    {
        Assert.That(Left(), Is.Empty, "processes of a job must not outlive it");
        Directory.Delete(directory, recursive: true);
    }

    [TestCaseSource(typeof(Launcher), nameof(Launcher.All))]
    public async Task An_mpi_program_records_and_finds_all_and_everything_is_archived(string mpi)
    {
        LaunchedProgram.Outcome run = await Launcher.RunAsync(
            mpi, 3, [.. Up(), Launcher.Bench, "-w", "-r", "-o", "--verify", "-n", "500"]);
        Assert.That(run.Succeeded().Output, Does.StartWith("verified 4500 events"), "each of 3 ranks reads the 1500 of the shared story");
        Chronolog.Outcome archived = await Chronolog.RunAsync(null, "archive", "verify", Archive);
        Assert.That(archived.ExitCode, Is.Zero, archived.Error + archived.Output);
        Assert.That(StoryFiles(), Is.Not.Zero);
    }

    [TestCaseSource(typeof(Launcher), nameof(Launcher.All))]
    public async Task Ranks_are_in_the_status(string mpi)
    {
        using LaunchedProgram job = Launcher.Start(
            mpi, 2, [.. Up(), "sh", "-c", $"sleep 1000 | {Chronolog.Executable} record job status --create"]);
        string endpoint = await EndpointAsync();
        string[] wanted = ["0/2", "1/2"];
        string text = "";
        await Waiting.UntilAsync(
            async () =>
            {
                text = (await Chronolog.RunAsync(null, "status", "--endpoint", endpoint)).Output;
                return wanted.All(rank => text.Contains(rank, StringComparison.Ordinal));
            },
            () => $"both ranks in: {text}");
        Chronolog.Outcome status = (await Chronolog.RunAsync(null, "status", "--json", "--endpoint", endpoint)).Succeeded();
        using JsonDocument document = JsonDocument.Parse(status.Output);
        JsonElement[] clients = [.. document.RootElement.GetProperty("clients").EnumerateArray()];
        Assert.That(
            clients.Select(client => client.GetProperty("attributes").GetProperty("rank").GetString()), Is.EquivalentTo(new[] { "0", "1" }));
        Assert.That(
            clients.Select(client => client.GetProperty("attributes").GetProperty("launcher").GetString()),
            Is.All.EqualTo(mpi == "openmpi" ? "openmpi" : "pmi"));
        await Chronolog.RunAsync(null, "down", "--dir", directory);
        await job.EndAsync();
    }

    [TestCaseSource(typeof(Launcher), nameof(Launcher.All))]
    public async Task The_first_failure_ends_all_ranks_and_is_the_jobs_status(string mpi)
    {
        LaunchedProgram.Outcome run = await Launcher.RunAsync(
            mpi, 3, [.. Up("--grace", "500ms"), "sh", "-c", $"if [ {Launcher.RankVariable} = 1 ]; then exit 7; else sleep 1000; fi"]);
        Assert.That(run.ExitCode, Is.EqualTo(7), run.ToString());
        Assert.That(run.Error, Does.Contain("rank 1 ended with status 7"));
    }

    [Test]
    public async Task A_program_that_is_not_there_is_named()
    {
        LaunchedProgram.Outcome run = await Launcher.RunAsync("mpich", 2, [.. Up(), "no-such-program", "--flag", "@file"]);
        Assert.That(run.ExitCode, Is.EqualTo(127), run.ToString());
        Assert.That(run.Error, Does.Contain("no-such-program: no such program"));
    }

    [Test]
    public async Task Arguments_descriptors_and_environment_are_the_launchers()
    {
        string script = "printf '%s|' \"$@\"; test -z \"$PMI_FD\" || test -S /proc/self/fd/$PMI_FD; echo \"$CHRONOLOG_ENDPOINT $TERM\"";
        LaunchedProgram.Outcome run = await Launcher.RunAsync(
            "mpich", 1, [.. Up(), "sh", "-c", script, "sh", "a b", "--json", "@c", ""], new Dictionary<string, string> { ["TERM"] = "vt9" });
        Assert.That(run.Succeeded().Output, Does.Match(@"^a b\|--json\|@c\|\|tcp://127\.0\.0\.1:\d+ vt9\n$"));
    }

    [TestCaseSource(typeof(Launcher), nameof(Launcher.All))]
    public async Task A_rank_that_is_killed_ends_everything(string mpi)
    {
        using LaunchedProgram job = Launcher.Start(mpi, 3, [.. Up("--grace", "500ms"), "bash", "-c", Sleeper]);
        await Waiting.UntilAsync(() => job.Output.Split('\n').Count(line => line == "on") == 3, "three applications");
        Signals.Kill(PidOfRank(2));
        LaunchedProgram.Outcome run = await job.EndAsync();
        Assert.That(run.ExitCode, Is.Not.Zero, run.ToString());
        await Waiting.UntilAsync(() => Left().Count == 0, "the job's processes to end");
    }

    [Test]
    public async Task The_rank_that_runs_the_servers_is_killed_and_they_end_too()
    {
        using LaunchedProgram job = Launcher.Start("openmpi", 2, [.. Up("--grace", "500ms"), "bash", "-c", Sleeper]);
        await Waiting.UntilAsync(() => job.Output.Split('\n').Count(line => line == "on") == 2, "two applications");
        Signals.Kill(PidOfRank(0));
        LaunchedProgram.Outcome run = await job.EndAsync();
        Assert.That(run.ExitCode, Is.Not.Zero, run.ToString());
        await Waiting.UntilAsync(() => Left().Count == 0, "the servers to drain and end", TimeSpan.FromSeconds(90));
    }

    [Test]
    public async Task A_rank_that_is_told_to_end_drains_first()
    {
        // The application ends at the signal, in order; its last event is archived all the same.
        string record = $"{Chronolog.Executable} record job signals --create";
        string script = $"trap 'echo last | {record}; exit 0' TERM; echo first | {record}; echo on; while :; do sleep 0.1; done";
        using LaunchedProgram job = Launcher.Start("mpich", 1, [.. Up("--grace", "30s"), "bash", "-c", script]);
        await Waiting.UntilAsync(() => job.Output.Split('\n').Contains("on"), "the first event");
        Signals.Terminate(PidOfRank(0));
        await job.EndAsync();
        Chronolog.Outcome archived = (await Chronolog.RunAsync(null, "archive", "list", Archive, "--json")).Succeeded();
        int events = archived.Lines.Sum(line => JsonDocument.Parse(line).RootElement.GetProperty("events").GetInt32());
        Assert.That(events, Is.EqualTo(2), archived.Output);
    }

    [Test]
    public async Task What_a_script_runs_in_the_background_is_stopped_in_order()
    {
        // A shell has what it runs with & ignore SIGINT and SIGQUIT: the servers inherit that.
        Launcher.CommandLine command = Launcher.CommandOf("mpich", 2, Up()[..^1]);
        string script = "\"$@\" & job=$!; until [ -s \"$DIR/endpoint\" ]; do sleep 0.1; done; "
            + "echo one | \"$CHRONOLOG\" record steps story --create --endpoint $(cat \"$DIR/endpoint\") || exit; "
            + "\"$CHRONOLOG\" down --dir \"$DIR\" --timeout 30s && wait $job";
        using LaunchedProgram shell = LaunchedProgram.Start(
            "bash", ["-c", script, "bash", command.Program, .. command.Arguments],
            new Dictionary<string, string>(command.Environment) { ["DIR"] = directory, ["CHRONOLOG"] = Chronolog.Executable });
        (await shell.EndAsync()).Succeeded();
        Assert.That(StoryFiles(), Is.Not.Zero);
        string visor = await File.ReadAllTextAsync(Path.Combine(directory, "logs", "visor.log"));
        Assert.That(visor.TrimEnd(), Does.EndWith("stopped"), "by itself, and not killed");
    }

    [Test]
    public async Task A_launcher_that_is_told_to_end_takes_the_servers_with_it()
    {
        Launcher.CommandLine command = Launcher.CommandOf("openmpi", 2, [.. Up("--grace", "500ms"), "bash", "-c", Sleeper]);
        string script = "\"$@\" & job=$!; until [ -e \"$DIR/go\" ]; do sleep 0.1; done; kill -TERM $job; wait $job";
        using LaunchedProgram shell = LaunchedProgram.Start(
            "bash", ["-c", script, "bash", command.Program, .. command.Arguments],
            new Dictionary<string, string>(command.Environment) { ["DIR"] = directory });
        await Waiting.UntilAsync(() => shell.Output.Split('\n').Count(line => line == "on") == 2, "two applications");
        await File.WriteAllTextAsync(Path.Combine(directory, "go"), "");
        Assert.That((await shell.EndAsync()).ExitCode, Is.Not.Zero);
        await Waiting.UntilAsync(() => Left().Count == 0, "the servers to drain and end", TimeSpan.FromSeconds(90));
    }

    [Test]
    public async Task A_directory_that_cannot_be_used_is_told_by_every_rank_at_once()
    {
        string file = Path.Combine(directory, "file");
        await File.WriteAllTextAsync(file, "");
        string[] up = [Chronolog.Executable, "up", "--mpi", "--dir", file, "--", "true"];
        LaunchedProgram.Outcome run = await Launcher.RunAsync("mpich", 2, up);
        Assert.That(run.ExitCode, Is.EqualTo(1), run.ToString());
        string told = $"--dir {file} cannot be used";
        Assert.That(run.Error.Split('\n').Count(line => line.Contains(told, StringComparison.Ordinal)), Is.EqualTo(2));
    }

    [Test]
    public async Task A_setting_that_is_none_is_named_before_anything_starts()
    {
        LaunchedProgram.Outcome run = await Launcher.RunAsync("mpich", 2, [.. Up("--set", "keeper.no-such=1"), "true"]);
        Assert.That(run.ExitCode, Is.EqualTo(2), run.ToString());
        Assert.That(run.Error, Does.Contain("a keeper has no setting 'no-such'"));
        Assert.That(Directory.Exists(Path.Combine(directory, "logs")), Is.False);
    }

    [Test]
    public async Task What_a_killed_job_left_the_next_one_archives_however_short_it_is()
    {
        string record = $"echo event | {Chronolog.Executable} record left story --create; echo on; sleep 1000; # {directory}";
        using (LaunchedProgram job = Launcher.Start(
            "mpich", 2, [.. Up("--set", "keeper.chunk-duration=1h", "--set", "keeper.acceptance-window=1h"), "bash", "-c", record]))
        {
            await Waiting.UntilAsync(() => job.Output.Split('\n').Count(line => line == "on") == 2, "both events");
            foreach ((int pid, string _) in Processes().ToList())
            {
                Signals.TryKill(pid); // one may have ended with another
            }

            await job.EndAsync();
        }

        await Waiting.UntilAsync(() => Left().Count == 0, "the killed processes to be gone");
        (await Launcher.RunAsync("mpich", 2, [.. Up(), "true"])).Succeeded();
        Chronolog.Outcome archived = (await Chronolog.RunAsync(null, "archive", "list", Archive, "--json")).Succeeded();
        int events = archived.Lines.Sum(line => JsonDocument.Parse(line).RootElement.GetProperty("events").GetInt32());
        Assert.That(events, Is.EqualTo(2), archived.Output);
        string[] runs = Directory.GetDirectories(Path.Combine(directory, "job"));
        Assert.That(runs, Has.Length.EqualTo(1), "the killed job's folder is removed");
        Assert.That(Directory.GetDirectories(runs[0]).Select(Path.GetFileName), Is.EqualTo(new[] { "control" }), "of what is over");
    }

    [TestCaseSource(typeof(Launcher), nameof(Launcher.All))]
    public async Task Every_node_has_a_keeper(string mpi)
    {
        if (SystemCommand.Try("unshare", "--uts", "true") is { } refusal)
        {
            Assert.Ignore(refusal);
        }

        // Two ranks on each of two hosts, which are this machine under two names. The address is given: else it would be one that
        // others can reach.
        string node = "exec unshare --uts sh -c 'hostname node$0; exec \"$@\"' $((" + Launcher.RankVariable + " / 2)) \"$@\"";
        LaunchedProgram.Outcome run = await Launcher.RunAsync(
            mpi, 4,
            ["sh", "-c", node, "sh", .. Up("--address", "127.0.0.0/8"), Launcher.Bench, "-w", "-r", "-o", "--verify", "-p", "-n", "250"]);
        Assert.That(run.Succeeded().Output, Does.Contain("4 ranks on 2 nodes").And.Contain("verified 4000 events"));
        foreach (string keeper in (string[])["keeper-0", "keeper-1"])
        {
            string log = await File.ReadAllTextAsync(Path.Combine(directory, "logs", keeper + ".log"));
            Assert.That(log, Does.Contain("recording story bench-0/story-0").And.Contain("stopped"), keeper);
        }
    }

    [TestCaseSource(typeof(Launcher), nameof(Launcher.All))]
    public async Task The_steps_of_the_readme_use_one_deployment(string mpi)
    {
        // $SCRATCH/chrono, and mpirun as the user's PATH has it.
        Launcher.CommandLine command = Launcher.CommandOf(mpi, 0, []);
        string options = string.Join(' ', command.Arguments.SkipLast(2));
        await Recipe.ScriptAsync(directory, "mpirun", $"exec {command.Program} {options} \"$@\"");
        string script = "RANKS=2\n" + await Recipe.PrepareAsync("mpirun", directory);
        using LaunchedProgram shell = LaunchedProgram.Start("sh", ["-c", script], command.Environment);
        LaunchedProgram.Outcome run = (await shell.EndAsync()).Succeeded();
        Assert.That(run.Output.Split('\n').Count(line => line == "event"), Is.EqualTo(4), "each of two ranks replays two events");
        string archive = Path.Combine(directory, "chrono", "archive", "group-0");
        Chronolog.Outcome archived = await Chronolog.RunAsync(null, "archive", "verify", archive);
        Assert.That(archived.ExitCode, Is.Zero, archived.Error + archived.Output);
    }

    [Test]
    public async Task Detach_is_refused_with_what_to_do_instead()
    {
        Chronolog.Outcome run = await Chronolog.RunAsync(null, "up", "--mpi", "--detach", "--dir", directory);
        Assert.That(run.ExitCode, Is.EqualTo(2), run.Error);
        Assert.That(run.Error, Does.Contain("LAUNCHER chronolog up --mpi").And.Contain($"chronolog down --dir {directory}"));
    }

    [Test]
    public async Task Another_job_in_the_directory_is_refused_and_the_first_goes_on()
    {
        using LaunchedProgram job = Launcher.Start("openmpi", 2, Up()[..^1]);
        string endpoint = await EndpointAsync();
        LaunchedProgram.Outcome second = await Launcher.RunAsync("mpich", 2, [.. Up(), "true"]);
        Assert.That(second.ExitCode, Is.EqualTo(2), second.ToString());
        Assert.That(second.Error, Does.Contain($"a job runs in {directory} already"));
        (await Chronolog.RunAsync(null, "status", "--endpoint", endpoint)).Succeeded();
        (await Chronolog.RunAsync(null, "down", "--dir", directory)).Succeeded();
        (await job.EndAsync()).Succeeded();
    }

    [Test]
    public async Task Down_of_a_killed_job_says_that_it_was()
    {
        using (LaunchedProgram job = Launcher.Start("openmpi", 1, Up()[..^1]))
        {
            await EndpointAsync();
            foreach ((int pid, string _) in Processes().ToList())
            {
                Signals.TryKill(pid);
            }

            await job.EndAsync();
        }

        await Waiting.UntilAsync(() => Left().Count == 0, "the killed processes to be gone");
        Chronolog.Outcome down = await Chronolog.RunAsync(null, "down", "--dir", directory);
        Assert.That(down.ExitCode, Is.EqualTo(1), down.Error);
        Assert.That(down.Error, Does.Contain("its last job").And.Contain("was killed before it had ended"));
    }

    [Test]
    public async Task Without_an_application_it_serves_until_down()
    {
        using LaunchedProgram job = Launcher.Start("openmpi", 2, Up()[..^1]);
        string endpoint = await EndpointAsync();
        (await Launcher.RunAsync(
            "openmpi", 2, [Launcher.Bench, "-w", "-n", "50"], new Dictionary<string, string> { ["CHRONOLOG_ENDPOINT"] = endpoint })).Succeeded();
        (await Launcher.RunAsync(
            "mpich", 2, [Launcher.Bench, "-r", "--verify"], new Dictionary<string, string> { ["CHRONOLOG_ENDPOINT"] = endpoint })).Succeeded();
        (await Chronolog.RunAsync(null, "down", "--dir", directory)).Succeeded();
        (await job.EndAsync()).Succeeded();
    }

    [Test]
    public async Task What_a_killed_job_left_does_not_mislead_the_next()
    {
        string stale = Path.Combine(directory, "job", new string('a', 32));
        Directory.CreateDirectory(Path.Combine(stale, "control"));
        Directory.CreateDirectory(Path.Combine(stale, "ranks"));
        await File.WriteAllTextAsync(Path.Combine(directory, "job", "current"), new string('a', 32) + "\n");
        await File.WriteAllTextAsync(
            Path.Combine(stale, "control", "plan"),
            "127.0.0.1 tcp://127.0.0.1:1 tcp://127.0.0.1:2 2\n0 t0 host/x - 10 100 host/x/y\n1 t1 host/x - 11 101 host/x/y\n");
        await File.WriteAllTextAsync(Path.Combine(stale, "control", "ready"), "tcp://127.0.0.1:1\n");
        (await Launcher.RunAsync("openmpi", 2, [.. Up(), "true"])).Succeeded();
    }

    private async Task<string> EndpointAsync()
    {
        string file = Path.Combine(directory, "endpoint");
        await Waiting.UntilAsync(() => File.Exists(file), "the endpoint");
        return (await File.ReadAllTextAsync(file)).Trim();
    }

    private string[] Up(params string[] more) =>
    [
        Chronolog.Executable, "up", "--mpi", "--dir", directory, "--window", "500ms",
        "--port-base", LocalDeployment.FreePorts().ToString(CultureInfo.InvariantCulture), .. more, "--",
    ];

    private int StoryFiles() => Directory.EnumerateFiles(Archive, "*.h5", SearchOption.AllDirectories).Count();

    private int PidOfRank(int rank) => Processes().Single(each =>
        each.Line.StartsWith(Chronolog.Executable, StringComparison.Ordinal)
        && each.Line.Contains("\0--mpi\0", StringComparison.Ordinal) && RankOf(each.Pid) == rank).Pid;

    private List<string> Left() => [.. Processes().Select(each => each.Line.Replace('\0', ' '))];

    // Of this job: its directory is in their command lines.
    private IEnumerable<(int Pid, string Line)> Processes()
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out int pid) && Read(folder, "cmdline") is { } line
                && line.Contains(directory, StringComparison.Ordinal))
            {
                yield return (pid, line);
            }
        }
    }

    private static int? RankOf(int pid) => Read($"/proc/{pid}", "environ")?.Split('\0')
        .Where(each => each.StartsWith("OMPI_COMM_WORLD_RANK=", StringComparison.Ordinal) || each.StartsWith("PMI_RANK=", StringComparison.Ordinal))
        .Select(each => int.Parse(each.Split('=')[1], CultureInfo.InvariantCulture)).Cast<int?>().FirstOrDefault();

    private static string? Read(string folder, string name)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, name));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
