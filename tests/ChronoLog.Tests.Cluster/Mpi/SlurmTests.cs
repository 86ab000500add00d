using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Mpi;

/// <summary>A private instance inside a batch job: sbatch, srun, and nothing else.</summary>
public sealed class SlurmTests
{
    private SlurmNode slurm = null!;
    private string directory = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        if (SlurmNode.Missing() is { } reason)
        {
            Assert.Ignore(reason);
        }

        slurm = await SlurmNode.StartAsync();
        directory = Directory.CreateTempSubdirectory("chronolog-job-").FullName;
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (slurm is not null)
        {
            await slurm.DisposeAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    [TestCase("pmi2", "MPICH")]
    [TestCase("pmix", "Open MPI")]
    public async Task A_job_script_records_and_verifies(string plugin, string library)
    {
        LaunchedProgram.Outcome job = await slurm.RunJobAsync(
            4, $"srun --mpi={plugin} {Up()} {Launcher.Bench} -w -r --verify -p -n 500 --prefix {plugin}");
        Assert.That(job.Succeeded().Output, Does.Contain("MPI: " + library).And.Contain("4 ranks"), job.ToString());
        Assert.That(job.Output, Does.Contain("verified 2000 events"));
        Chronolog.Outcome archived = await Chronolog.RunAsync(null, "archive", "verify", Path.Combine(directory, "archive", "group-0"));
        Assert.That(archived.ExitCode, Is.Zero, archived.Error + archived.Output);
    }

    [Test]
    public async Task The_status_of_the_application_is_the_jobs()
    {
        LaunchedProgram.Outcome job = await slurm.RunJobAsync(
            2, $"srun --mpi=none {Up("--grace 500ms")} sh -c 'if [ $SLURM_PROCID = 1 ]; then exit 9; else sleep 1000; fi'");
        Assert.That(job.ExitCode, Is.EqualTo(9), job.ToString());
    }

    [Test]
    public async Task A_cancelled_job_archives_what_it_recorded()
    {
        // Signals of the scheduler reach every process of the node at once, the servers too.
        string record = $"{Chronolog.Executable} record cancelled events --create";
        Task<LaunchedProgram.Outcome> job = slurm.RunJobAsync(
            2, $"srun --mpi=none {Up("--grace 1s")} sh -c 'echo one | {record}; echo $SLURM_JOB_ID > {directory}/on-$SLURM_PROCID; sleep 1000'");
        await Waiting.UntilAsync(
            () => job.IsCompleted || Enumerable.Range(0, 2).All(rank => Number(rank).Length > 0), "both ranks to have recorded");
        Assert.That(job.IsCompleted, Is.False, () => job.Result.ToString());
        (await slurm.RunAsync("/usr/bin/scancel", Number(0))).Succeeded();
        Assert.That((await job).ExitCode, Is.Not.Zero);
        string archive = Path.Combine(directory, "archive", "group-0", "cancelled");
        Assert.That(Directory.EnumerateFiles(archive, "*.h5", SearchOption.AllDirectories), Is.Not.Empty);
        string visor = await File.ReadAllTextAsync(Path.Combine(directory, "logs", "visor.log"));
        Assert.That(visor.TrimEnd().Split('\n')[^2..], Is.All.Match("Player 'player-0' left|stopped"), "the Visor is the last to end");
    }

    [Test]
    public async Task The_steps_of_the_readme_use_one_deployment()
    {
        string script = await Recipe.PrepareAsync("srun", directory);
        LaunchedProgram.Outcome job = (await slurm.RunJobAsync(3, script)).Succeeded();
        Assert.That(job.Output.Split('\n').Count(line => line == "event"), Is.EqualTo(9), "each of three tasks replays three events");
        Chronolog.Outcome archived =
            await Chronolog.RunAsync(null, "archive", "verify", Path.Combine(directory, "chrono", "archive", "group-0"));
        Assert.That(archived.ExitCode, Is.Zero, archived.Error + archived.Output);
    }

    [Test]
    public async Task A_signal_for_the_application_does_not_end_the_servers()
    {
        // Slurm sends it to every process of the step. The application's handler records an event.
        string deployment = Path.Combine(directory, "signalled");
        string file = Path.Combine(directory, "started");
        await Recipe.ScriptAsync(
            directory, "checkpointing",
            $"event() {{ echo $1 | {Chronolog.Executable} record signalled events --create; }}; trap '' USR2; "
            + $"trap 'event checkpoint; exit 0' USR1; event start; echo $SLURM_JOB_ID > {file}; while :; do sleep 0.1; done");
        Task<LaunchedProgram.Outcome> job = slurm.RunJobAsync(
            1, $"srun --mpi=none {Chronolog.Executable} up --mpi --dir {deployment} --window 500ms -- {directory}/checkpointing");
        await Waiting.UntilAsync(() => job.IsCompleted || (File.Exists(file) && File.ReadAllText(file).EndsWith('\n')), "the first event");
        Assert.That(job.IsCompleted, Is.False, () => job.Result.ToString());
        string step = File.ReadAllText(file).Trim() + ".0";
        (await slurm.RunAsync("/usr/bin/scancel", "--signal", "USR2", step)).Succeeded();
        (await slurm.RunAsync("/usr/bin/scancel", "--signal", "USR1", step)).Succeeded();
        LaunchedProgram.Outcome outcome = (await job).Succeeded();
        Assert.That(outcome.Output, Does.Not.Contain("it is restarted"));
        foreach (string log in Directory.GetFiles(Path.Combine(deployment, "logs")))
        {
            Assert.That((await File.ReadAllLinesAsync(log))[^1], Does.EndWith("stopped"), log);
        }
    }

    private string Number(int rank)
    {
        string file = Path.Combine(directory, $"on-{rank}");
        return File.Exists(file) ? File.ReadAllText(file).Trim() : "";
    }

    private string Up(string more = "") =>
        $"{Chronolog.Executable} up --mpi --dir {directory} --window 500ms --port-base {LocalDeployment.FreePorts()} {more} --";
}
