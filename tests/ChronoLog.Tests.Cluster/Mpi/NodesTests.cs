using ChronoLog.Tests.Cluster.Deployments;

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
    public async Task A_node_without_a_Keeper_records_into_one_of_the_other()
    {
        string deployment = Path.Combine(directory, "remote");
        string endpoint = $"tcp://{TwoNodes.Addresses[0]}:5555";
        LaunchedProgram.Outcome up = await nodes.RunAsync(
            0, Chronolog.Executable, "up", "--detach", "--dir", deployment, "--address", TwoNodes.Addresses[0], "--window", "500ms");
        up.Succeeded();
        try
        {
            string record = $"seq 1 20000 | {Chronolog.Executable} record remote lines --create --flush synced --endpoint {endpoint}";
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

    private static string[] Up(string deployment) =>
        [Chronolog.Executable, "up", "--mpi", "--dir", deployment, "--window", "500ms", "--"];
}
