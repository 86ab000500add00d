using ChronoLog.Tests.Cluster.Abi;
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
        string[] printed = await File.ReadAllLinesAsync(Path.Combine(Consumer.Root, "README.md"));
        IEnumerable<string> steps = printed.SkipWhile(line => !line.StartsWith("    rm -f $SCRATCH/chrono/endpoint", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith("    ", StringComparison.Ordinal));
        await ScriptAsync("simulation", "echo event | chronolog record steps story --create");
        await ScriptAsync("analysis", "chronolog replay steps story --format raw");
        string[] script =
        [
            $"export SCRATCH={directory} PATH={Path.GetDirectoryName(Chronolog.Executable)}:$PATH", $"cd {directory}",
            "mkdir -p chrono; echo tcp://127.0.0.1:1 > chrono/endpoint", .. steps,
        ];
        LaunchedProgram.Outcome job = (await slurm.RunJobAsync(3, string.Join('\n', script))).Succeeded();
        Assert.That(job.Output.Split('\n').Count(line => line == "event"), Is.EqualTo(9), "each of three tasks replays three events");
        Chronolog.Outcome archived =
            await Chronolog.RunAsync(null, "archive", "verify", Path.Combine(directory, "chrono", "archive", "group-0"));
        Assert.That(archived.ExitCode, Is.Zero, archived.Error + archived.Output);
    }

    private async Task ScriptAsync(string name, string line)
    {
        string file = Path.Combine(directory, name);
        await File.WriteAllTextAsync(file, $"#!/bin/sh\n{line}\n");
        File.SetUnixFileMode(file, (UnixFileMode)Convert.ToInt32("755", 8));
    }

    private string Number(int rank)
    {
        string file = Path.Combine(directory, $"on-{rank}");
        return File.Exists(file) ? File.ReadAllText(file).Trim() : "";
    }

    private string Up(string more = "") =>
        $"{Chronolog.Executable} up --mpi --dir {directory} --window 500ms --port-base {LocalDeployment.FreePorts()} {more} --";
}
