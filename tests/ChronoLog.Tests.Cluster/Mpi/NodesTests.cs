using System.Text.Json;
using ChronoLog.Tests.Cluster.Deployments;
using Signals = ChronoLog.Tests.Cluster.Deployments.Signals;

namespace ChronoLog.Tests.Cluster.Mpi;

/// <summary>chronolog up --mpi over two nodes that share nothing but a network and a file system.</summary>
public sealed class NodesTests
{
    private string directory = null!;
    private TwoNodes nodes = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        if (TwoNodes.Missing() is { } refusal)
        {
            Assert.Ignore(refusal);
        }

        directory = Directory.CreateTempSubdirectory("chronolog-nodes-").FullName;
        nodes = await TwoNodes.StartAsync(directory);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (nodes is not null)
        {
            await nodes.DisposeAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    [TestCaseSource(typeof(Launcher), nameof(Launcher.All))]
    public async Task Each_rank_records_into_the_Keeper_of_its_node_and_finds_everything(string mpi)
    {
        string deployment = Path.Combine(directory, mpi);
        using LaunchedProgram job = nodes.Start(
            mpi, 4, [.. Up(deployment), Launcher.Bench, "-w", "-r", "-o", "--verify", "-p", "-n", "250", "--level", "synced"]);
        LaunchedProgram.Outcome run = (await job.EndAsync()).Succeeded();
        Assert.That(run.Output, Does.Contain("4 ranks on 2 nodes").And.Contain("verified 4000 events"));
        for (int node = 0; node < 2; node++)
        {
            // Not the address that both nodes have; two ranks each; and everything was handed over to node 0's Grapher.
            string[] log = await File.ReadAllLinesAsync(Path.Combine(deployment, "logs", $"keeper-{node}.log"));
            Assert.That(log, Has.Some.Contains($"recording at tcp://{TwoNodes.Addresses[node]}:"));
            Assert.That(log.Count(line => line.Contains(" for client ", StringComparison.Ordinal)), Is.EqualTo(2), "rings of its ranks");
            Assert.That(log[^1], Does.EndWith("stopped"));
        }

        Chronolog.Outcome archived = await Chronolog.RunAsync(null, "archive", "verify", Path.Combine(deployment, "archive", "group-0"));
        Assert.That(archived.ExitCode, Is.Zero, archived.Error + archived.Output);
    }

    [Test]
    public async Task Steps_of_a_script_use_one_deployment_and_any_node_stops_it()
    {
        string deployment = Path.Combine(directory, "steps");
        using LaunchedProgram servers = nodes.Start("mpich", 2, Up(deployment)[..^1]);
        string file = Path.Combine(deployment, "endpoint");
        await Waiting.UntilAsync(() => File.Exists(file), "the endpoint");
        string endpoint = (await File.ReadAllTextAsync(file)).Trim();
        LaunchedProgram.Outcome first = await StepAsync("-w", "-n", "500");
        Assert.That(first.ExitCode, Is.Zero, first.ToString());
        LaunchedProgram.Outcome second = (await StepAsync("-r", "--verify")).Succeeded();
        Assert.That(second.Output, Does.Contain("verified 1000 events"));

        LaunchedProgram.Outcome down = await nodes.RunAsync(1, Chronolog.Executable, "down", "--dir", deployment);
        Assert.That(down.Succeeded().ExitCode, Is.Zero);
        (await servers.EndAsync()).Succeeded();
        LaunchedProgram.Outcome again = await nodes.RunAsync(1, Chronolog.Executable, "down", "--dir", deployment);
        Assert.That(again.ExitCode, Is.EqualTo(1));
        Assert.That(again.Error, Does.Contain("no deployment runs in"));

        async Task<LaunchedProgram.Outcome> StepAsync(params string[] arguments)
        {
            using LaunchedProgram step = nodes.Start(
                "mpich", 2, ["env", "CHRONOLOG_ENDPOINT=" + endpoint, Launcher.Bench, .. arguments, "--prefix", "steps"]);
            return await step.EndAsync();
        }
    }

    [Test]
    public async Task An_application_is_ended_from_another_node_and_what_it_says_last_is_archived()
    {
        string deployment = Path.Combine(directory, "ended");
        string record = $"{Chronolog.Executable} record ended story --create";
        string script = $"trap 'echo last | {record}; exit 0' TERM; echo first | {record}; echo on; while :; do sleep 0.1; done";
        using LaunchedProgram job = nodes.Start("mpich", 2, [.. Up(deployment, "--grace", "30s"), "bash", "-c", script]);
        await Waiting.UntilAsync(() => job.Output.Split('\n').Count(line => line == "on") == 2, "both applications");

        LaunchedProgram.Outcome second = await nodes.RunAsync(1, [.. Up(deployment), "true"]);
        Assert.That(second.ExitCode, Is.EqualTo(2), second.ToString());
        Assert.That(second.Error, Does.Match("a job runs in .* already: its rank 0 is process [0-9]+ of test-node-0"));

        (await nodes.RunAsync(1, Chronolog.Executable, "down", "--dir", deployment)).Succeeded();
        Assert.That((await job.EndAsync()).Succeeded().Error, Does.Contain("ended by chronolog down on test-node-1"));
        Chronolog.Outcome archived =
            (await Chronolog.RunAsync(null, "archive", "list", Path.Combine(deployment, "archive", "group-0"), "--json")).Succeeded();
        int events = archived.Lines.Sum(line => JsonDocument.Parse(line).RootElement.GetProperty("events").GetInt32());
        Assert.That(events, Is.EqualTo(4), archived.Output);
    }

    [Test]
    public async Task Down_on_another_node_says_what_every_node_left()
    {
        // The Grapher stands still: no Keeper gets rid of its events.
        string deployment = Path.Combine(directory, "left");
        string[] hour = ["keeper.chunk-duration=1h", "keeper.acceptance-window=1h", "keeper.drain-deadline=1s", "grapher.drain-deadline=1s"];
        using LaunchedProgram servers = nodes.Start("mpich", 2, Up(deployment, [.. hour.SelectMany(set => (string[])["--set", set])])[..^1]);
        string file = Path.Combine(deployment, "endpoint");
        await Waiting.UntilAsync(() => File.Exists(file), "the endpoint");
        string endpoint = (await File.ReadAllTextAsync(file)).Trim();
        for (int node = 0; node < 2; node++)
        {
            string record = $"echo event | {Chronolog.Executable} record left story --create --endpoint {endpoint}";
            (await nodes.RunAsync(node, "sh", "-c", record)).Succeeded();
        }

        using (JsonDocument state = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(deployment, "supervisor.json"))))
        {
            Signals.Stop(state.RootElement.GetProperty("grapher-0").GetProperty("pid").GetInt32());
        }

        LaunchedProgram.Outcome down = await nodes.RunAsync(1, Chronolog.Executable, "down", "--dir", deployment);
        Assert.That(down.ExitCode, Is.EqualTo(1), down.ToString());
        Assert.That(down.Error, Does.Contain("keeper-0 stopped with").And.Contain("keeper-1 stopped with"));
        Assert.That(down.Error, Does.Contain("grapher-0 did not end within 11 s and was killed"));
        Assert.That((await servers.EndAsync()).ExitCode, Is.Not.Zero);
    }

    [Test]
    public async Task Ranks_that_do_not_share_the_directory_say_so_soon()
    {
        // Each node has a /dev/shm of its own.
        string deployment = "/dev/shm/" + Path.GetFileName(directory);
        using LaunchedProgram job = nodes.Start("mpich", 4, [.. Up(deployment, "--rank-deadline", "4s"), "true"]);
        LaunchedProgram.Outcome run = await job.EndAsync();
        Assert.That(run.ExitCode, Is.Not.Zero, run.ToString());
        string waiting = @"rank 0: still waiting, for \d+ s now: 2 of 4 ranks have not come: ranks 1, 3\. Rank 0 on test-node-0 looks for "
            + deployment + @"/job/\w+/ranks/1 and has seen ranks 0, 2, all of test-node-0\.";
        Assert.That(run.Error, Does.Match(waiting));
        Assert.That(run.Error, Does.Match($"rank 1: still waiting.*rank 0 has not begun. Rank 1 on test-node-1 looks for {deployment}/job/current"));
        Assert.That(run.Error, Does.Contain($"on test-node-1 {deployment} is on tmpfs"));
        Assert.That(run.Error, Does.Contain("gave up, for nothing new came for 4 s"));
        Assert.That(run.Error, Does.Not.Contain("rank 3: still waiting"), "another rank of its node tells the same");
    }

    [Test]
    public async Task A_deployment_of_one_node_is_neither_stopped_nor_joined_by_another()
    {
        // The other node has every process number of this one, and the times of their starts.
        string deployment = Path.Combine(directory, "alone");
        string[] up = [Chronolog.Executable, "up", "--dir", deployment, "--window", "500ms"];
        (await nodes.RunAsync(0, [.. up, "--detach", "--port-base", $"{LocalDeployment.FreePorts()}"])).Succeeded();
        LaunchedProgram.Outcome down = await nodes.RunAsync(1, Chronolog.Executable, "down", "--dir", deployment);
        Assert.That(down.ExitCode, Is.EqualTo(1), down.ToString());
        Assert.That(down.Error, Does.Match("was started on test-node-0, as process [0-9]+: run chronolog down there"));
        LaunchedProgram.Outcome second = await nodes.RunAsync(1, [.. up, "--port-base", $"{LocalDeployment.FreePorts()}"]);
        Assert.That(second.ExitCode, Is.EqualTo(2), second.ToString());
        Assert.That(second.Error, Does.Match("a deployment runs in .* already \\(process [0-9]+ of test-node-0\\)"));
        string endpoint = (await File.ReadAllTextAsync(Path.Combine(deployment, "endpoint"))).Trim();
        (await nodes.RunAsync(0, Chronolog.Executable, "status", "--endpoint", endpoint)).Succeeded();
        (await nodes.RunAsync(0, Chronolog.Executable, "down", "--dir", deployment)).Succeeded();
    }

    [Test]
    public async Task A_node_without_a_Keeper_records_into_one_of_the_other()
    {
        string deployment = Path.Combine(directory, "remote");
        string endpoint = $"tcp://{TwoNodes.Addresses[0]}:5555";
        LaunchedProgram.Outcome up = await nodes.RunAsync(
            0, Chronolog.Executable, "up", "--detach", "--dir", deployment, "--address", TwoNodes.Addresses[0], "--window", "500ms");
        up.Succeeded();
        try
        {
            string record = $"seq 1 20000 | {Chronolog.Executable} record remote lines --create --flush archived --endpoint {endpoint}";
            (await nodes.RunAsync(1, "sh", "-c", record)).Succeeded();
            LaunchedProgram.Outcome replay = await nodes.RunAsync(
                1, Chronolog.Executable, "verify", "remote", "lines", "--endpoint", endpoint);
            Assert.That(replay.Succeeded().Output, Does.Contain("20000").And.Contain("anomalies=0"));
            string log = await File.ReadAllTextAsync(Path.Combine(deployment, "logs", "keeper-0.log"));
            Assert.That(log, Does.Contain(" on test-node-1/"), "the client's node");
        }
        finally
        {
            (await nodes.RunAsync(0, Chronolog.Executable, "down", "--dir", deployment)).Succeeded();
        }
    }

    private static string[] Up(string deployment, params string[] more) =>
        [Chronolog.Executable, "up", "--mpi", "--dir", deployment, "--window", "500ms", .. more, "--"];
}
