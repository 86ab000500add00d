using System.Globalization;
using System.Text.Json;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Mpi;

/// <summary>chronolog-bench against a deployment that runs: what one mpirun records another one finds.</summary>
public sealed class BenchTests
{
    private const string Verified = "verified 12000 events";

    private LocalDeployment deployment = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => deployment = await LocalDeployment.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public async Task All_events_come_back([ValueSource(typeof(Launcher), nameof(Launcher.All))] string mpi, [Values] bool shared)
    {
        string prefix = $"{mpi}-{shared}";
        string[] story = shared ? ["-o"] : [];
        LaunchedProgram.Outcome written = (await BenchAsync(
            mpi, 4, ["-w", "-p", "-y", "-n", "3000", "-t", "2", "-a", "0", "-s", "64", "-b", "500", "--prefix", prefix, .. story])).Succeeded();
        Assert.That(written.Output, Does.Contain("4 ranks on 1 nodes").And.Contain("latency of an event"));

        // Another number of ranks: what each rank recorded stands in the deployment, not in the command line.
        LaunchedProgram.Outcome read = (await BenchAsync(mpi, 3, ["-r", "--verify", "--prefix", prefix])).Succeeded();
        Assert.That(read.Output, Does.StartWith(Verified).And.Contains("ok"), read.ToString());

        LaunchedProgram.Outcome destroyed = (await BenchAsync(mpi, 2, ["-r", "--verify", "--destroy", "--prefix", prefix])).Succeeded();
        Assert.That(destroyed.Output, Does.StartWith(Verified));
        LaunchedProgram.Outcome gone = await BenchAsync(mpi, 2, ["-r", "--verify", "--prefix", prefix]);
        Assert.That(gone.ExitCode, Is.EqualTo(1), gone.ToString());
    }

    [Test]
    public async Task An_event_that_nobody_of_the_run_recorded_is_found()
    {
        (await BenchAsync("openmpi", 2, ["-w", "-n", "100", "--prefix", "foreign"])).Succeeded();
        (await deployment.RunAsync("one more\n", "record", "foreign-0", "story-0-rank-1")).Succeeded();
        LaunchedProgram.Outcome read = await BenchAsync("openmpi", 2, ["-r", "--verify", "--prefix", "foreign"]);
        Assert.That(read.ExitCode, Is.EqualTo(1), read.ToString());
        Assert.That(read.Error, Does.Contain("which the manifest does not name"));
        Assert.That(read.Output, Does.Contain("FAILED"));
    }

    [Test]
    public async Task Other_bytes_than_were_recorded_are_found()
    {
        // A writer of one event, and a manifest that says what it should have recorded: five bytes, but not these.
        (await deployment.RunAsync("wrong\n", "record", "bytes-0", "story-0", "--create")).Succeeded();
        Chronolog.Outcome replay = (await deployment.RunAsync(null, "replay", "bytes-0", "story-0", "--json")).Succeeded();
        using JsonDocument written = JsonDocument.Parse(replay.Lines[0]);
        ulong client = written.RootElement.GetProperty("client").GetUInt64();
        string row = $"chronicle 0 story story-0 client {client} rank 0 index 0 seed 1 sizes 5 5 5 file 0 events 1 ticks 0\n";
        (await deployment.RunAsync(row, "record", "bytes-0", "manifest")).Succeeded();
        LaunchedProgram.Outcome read = await BenchAsync("openmpi", 1, ["-r", "--verify", "--prefix", "bytes"]);
        Assert.That(read.ExitCode, Is.EqualTo(1), read.ToString());
        Assert.That(read.Error, Does.Contain("has other bytes than were recorded").And.Contain("other ticks"));
    }

    [Test]
    public async Task An_event_that_was_recorded_and_does_not_come_back_is_found()
    {
        // Two empty events, of which the manifest knows three.
        (await deployment.RunAsync("\n\n", "record", "lost-0", "story-0", "--create")).Succeeded();
        Chronolog.Outcome replay = (await deployment.RunAsync(null, "replay", "lost-0", "story-0", "--json")).Succeeded();
        Assert.That(replay.Lines, Has.Length.EqualTo(2));
        using JsonDocument written = JsonDocument.Parse(replay.Lines[0]);
        ulong client = written.RootElement.GetProperty("client").GetUInt64();
        string row = $"chronicle 0 story story-0 client {client} rank 0 index 0 seed 1 sizes 0 0 0 file 0 events 3 ticks 0\n";
        (await deployment.RunAsync(row, "record", "lost-0", "manifest")).Succeeded();
        LaunchedProgram.Outcome read = await BenchAsync("openmpi", 1, ["-r", "--verify", "--prefix", "lost"]);
        Assert.That(read.ExitCode, Is.EqualTo(1), read.ToString());
        Assert.That(read.Error, Does.Contain("2 events of rank 0 came back, it recorded 3").And.Not.Contain("other bytes"));
    }

    [Test]
    public async Task Events_in_the_places_of_others_are_found()
    {
        // As they were recorded from this file; the reader's has the same lines in another order.
        string file = Path.Combine(deployment.Directory, "in-order");
        await File.WriteAllTextAsync(file, "first\nother\n");
        LaunchedProgram.Outcome run = (await BenchAsync("openmpi", 1, ["-w", "-n", "2", "-f", file, "--prefix", "swap"])).Succeeded();
        Assert.That(run.ExitCode, Is.Zero);
        string[] rows = (await deployment.RunAsync(null, "replay", "swap-0", "manifest", "--json")).Succeeded().Lines;
        string row = JsonDocument.Parse(rows.Single()).RootElement.GetProperty("record").GetString()!;
        await File.WriteAllTextAsync(file, "other\nfirst\n");
        LaunchedProgram.Outcome refused = await BenchAsync("openmpi", 1, ["-r", "--verify", "-f", file, "--prefix", "swap"]);
        Assert.That(refused.Error, Does.Contain("recorded from another payload file"), refused.ToString());

        // With a manifest that says they were recorded from the second file it is the events that are wrong.
        (await BenchAsync("openmpi", 1, ["-w", "-n", "2", "-f", file, "--prefix", "mark"])).Succeeded();
        string[] marked = (await deployment.RunAsync(null, "replay", "mark-0", "manifest", "--json")).Succeeded().Lines;
        string mark = JsonDocument.Parse(marked.Single()).RootElement.GetProperty("record").GetString()!.Split(" file ")[1].Split(' ')[0];
        string forged = row.Replace(row.Split(" file ")[1].Split(' ')[0], mark, StringComparison.Ordinal);
        (await deployment.RunAsync(null, "story", "destroy", "swap-0", "manifest")).Succeeded();
        (await deployment.RunAsync(forged + "\n", "record", "swap-0", "manifest")).Succeeded();
        LaunchedProgram.Outcome read = await BenchAsync("openmpi", 1, ["-r", "--verify", "-f", file, "--prefix", "swap"]);
        Assert.That(read.ExitCode, Is.EqualTo(1), read.ToString());
        Assert.That(read.Error, Does.Contain("event 0 of rank 0 has other bytes").And.Contain("event 1 of rank 0 has other bytes"));
    }

    [Test]
    public async Task What_the_Fortran_program_records_is_checked_by_the_other(
        [ValueSource(typeof(Launcher), nameof(Launcher.All))] string mpi, [Values] bool shared)
    {
        string prefix = $"fortran-{mpi}-{shared}";
        string[] story = shared ? ["-o"] : [];
        LaunchedProgram.Outcome written = (await Launcher.RunAsync(
            mpi, 3,
            [
                Launcher.Bench + "-fortran", "-h", "2", "-t", "2", "-a", "0", "-s", "64", "-b", "500", "-n", "1001", "-p",
                "--prefix", prefix, .. story,
            ],
            new Dictionary<string, string> { ["CHRONOLOG_ENDPOINT"] = deployment.Endpoint })).Succeeded();
        for (int rank = 0; rank < 3; rank++)
        {
            Assert.That(written.Output, Does.Contain($"rank {rank} of 3: 1001 events"));
        }

        LaunchedProgram.Outcome read = (await BenchAsync(mpi, 1, ["-r", "--verify", "--prefix", prefix])).Succeeded();
        Assert.That(read.Output, Does.StartWith("verified 3003 events"));
    }

    [TestCase("-n", "-1")]
    [TestCase("-n")]
    [TestCase("-a", "10", "-b", "5")]
    [TestCase("--prefix", "two words")]
    [TestCase("--nonsense")]
    public async Task A_wrong_command_line_of_the_Fortran_program_is_one_line(params string[] arguments)
    {
        LaunchedProgram.Outcome run =
            await LaunchedProgram.Start(Launcher.Bench + "-fortran", arguments, new Dictionary<string, string>()).EndAsync();
        Assert.That(run.ExitCode, Is.EqualTo(2), run.ToString());
        Assert.That(run.Error.TrimEnd().Split('\n'), Has.Length.EqualTo(1), run.Error);
    }

    [Test]
    public async Task Json_has_phases_latencies_and_the_machine()
    {
        LaunchedProgram.Outcome run = (await BenchAsync(
            "mpich", 2, ["-w", "-r", "--verify", "--json", "-n", "500", "--warmup", "50", "--prefix", "json"])).Succeeded();
        using JsonDocument document = JsonDocument.Parse(run.Output);
        JsonElement root = document.RootElement;
        Assert.That(root.GetProperty("machine").GetProperty("ranks").GetInt32(), Is.EqualTo(2));
        JsonElement phases = root.GetProperty("phases");
        Assert.That(phases.GetProperty("write").GetProperty("operations").GetInt32(), Is.EqualTo(1000));
        Assert.That(phases.GetProperty("write").GetProperty("bytes").GetInt32(), Is.EqualTo(256_000));
        Assert.That(phases.GetProperty("warm-up").GetProperty("operations").GetInt32(), Is.EqualTo(100));
        Assert.That(root.GetProperty("replay").GetProperty("events").GetInt32(), Is.EqualTo(1000), "without the warm-up's");
        JsonElement latency = root.GetProperty("latency_ns");
        Assert.That(latency.GetProperty("p50").GetInt64(), Is.InRange(1, latency.GetProperty("p99").GetInt64()));
        Assert.That(latency.GetProperty("p99.99").GetInt64(), Is.InRange(1, latency.GetProperty("max").GetInt64()));
    }

    [Test]
    public async Task A_file_gives_the_events_and_the_configuration_the_endpoint()
    {
        string file = Path.Combine(deployment.Directory, "lines");
        await File.WriteAllTextAsync(file, "first\n\nthird line");
        var endpoint = new Uri(deployment.Endpoint);
        string configuration = Path.Combine(deployment.Directory, "client.json");
        await File.WriteAllTextAsync(
            configuration,
            $$"""
            { "chrono_client": { "VisorClientPortalService": { "rpc": { "protocol_conf": "ofi+sockets",
              "service_ip": "{{endpoint.Host}}", "service_base_port": {{endpoint.Port}}, "service_provider_id": 55 } } } }
            """);
        string[] common = ["-f", file, "-c", configuration, "--prefix", "file"];
        LaunchedProgram.Outcome run = await Launcher.RunAsync(
            "openmpi", 2, [Launcher.Bench, "-w", "-r", "--verify", "-n", "30", .. common],
            new Dictionary<string, string> { ["CHRONOLOG_ENDPOINT"] = "tcp://127.0.0.1:1" });
        Assert.That(run.Succeeded().Output, Does.Contain("verified 60 events (300 bytes)"));
        LaunchedProgram.Outcome other = await BenchAsync("openmpi", 1, ["-r", "--verify", "--prefix", "file"]);
        Assert.That(other.ExitCode, Is.Not.Zero, "the bytes are another file's");
    }

    [TestCase("-n", "-1")]
    [TestCase("-n", "99999999999999999999")]
    [TestCase("-a", "10", "-b", "5")]
    [TestCase("-s", "1e3")]
    [TestCase("--level", "soon")]
    [TestCase("--verify", "-w")]
    [TestCase("--prefix", "two words")]
    [TestCase("--nonsense")]
    [TestCase("-z")]
    [TestCase("--json", "--csv")]
    [TestCase("-p", "--json")]
    [TestCase("word")]
    [TestCase("-h", "0")]
    [TestCase("-h", "1001")]
    [TestCase("-t", "0")]
    [TestCase("-b", "16777217")]
    [TestCase("-g", "-1")]
    [TestCase("-g", "0x10")]
    [TestCase("-n", "")]
    [TestCase("--warmup", "+1")]
    [TestCase("-n")]
    [TestCase("-c", "/no/such/file")]
    public async Task A_wrong_command_line_is_one_line(params string[] arguments)
    {
        LaunchedProgram.Outcome run = await LaunchedProgram.Start(Launcher.Bench, arguments, new Dictionary<string, string>()).EndAsync();
        Assert.That(run.ExitCode, Is.EqualTo(2), run.ToString());
        Assert.That(run.Error.TrimEnd().Split('\n'), Has.Length.EqualTo(1), run.Error);
    }

    [Test]
    public async Task A_wrong_value_is_told_with_its_option()
    {
        string[][] wrong = [["-h", "0"], ["--warmup", "x"], ["-n"], ["--nonsense"]];
        string[] told = ["-h '0': expected a number from 1 to 1000", "--warmup 'x': expected", "-n: its value is missing", "'--nonsense' is no option"];
        for (int i = 0; i < wrong.Length; i++)
        {
            LaunchedProgram.Outcome run = await LaunchedProgram.Start(Launcher.Bench, wrong[i], new Dictionary<string, string>()).EndAsync();
            Assert.That(run.Error, Does.Contain(told[i]));
        }
    }

    [Test]
    public async Task Csv_has_a_row_for_each_phase_and_as_many_fields_as_its_head()
    {
        LaunchedProgram.Outcome run = (await BenchAsync("openmpi", 2, ["-w", "-r", "--csv", "-n", "20", "-g", "100", "--prefix", "csv"])).Succeeded();
        string[][] rows = [.. run.Output.TrimEnd().Split('\n').Select(line => line.Split(','))];
        Assert.That(rows[0][..3], Is.EqualTo(new[] { "phase", "ranks", "operations" }));
        Assert.That(rows.Select(row => row.Length), Is.All.EqualTo(rows[0].Length));
        Dictionary<string, string[]> phases = rows[1..].ToDictionary(row => row[0]);
        Assert.That(phases["write"][1..4], Is.EqualTo(new[] { "2", "40", "10240" }));
        Assert.That(phases["replay"][2], Is.EqualTo("40"));
        double seconds = double.Parse(phases["write"][6], CultureInfo.InvariantCulture);
        Assert.That(seconds, Is.GreaterThan(0.0019), "19 intervals of 100 us");
    }

    [Test]
    public async Task The_longest_event_and_none_at_all_come_back()
    {
        string[] longest = ["-a", "16777216", "-s", "16777216", "-b", "16777216", "--prefix", "longest"];
        LaunchedProgram.Outcome run = (await BenchAsync("openmpi", 1, ["-w", "-r", "--verify", "-n", "2", .. longest])).Succeeded();
        Assert.That(run.Output, Does.Contain("verified 2 events (33554432 bytes)"));
        (await LaunchedProgram.Start(
            Launcher.Bench + "-fortran", ["-n", "1", "-b", "16777216", "-a", "16777216", "--prefix", "fortran-longest"],
            new Dictionary<string, string> { ["CHRONOLOG_ENDPOINT"] = deployment.Endpoint }).EndAsync()).Succeeded();
        run = (await BenchAsync("openmpi", 1, ["-r", "--verify", "--prefix", "fortran-longest"])).Succeeded();
        Assert.That(run.Output, Does.Contain("verified 1 events (16777216 bytes)"));
        run = (await BenchAsync("openmpi", 1, ["-w", "-r", "--verify", "-n", "0", "--prefix", "none"])).Succeeded();
        Assert.That(run.Output, Does.Contain("verified 0 events (0 bytes) of 1 stories: ok"));
        run = await BenchAsync("openmpi", 1, ["-r", "--prefix", "never-recorded"]);
        Assert.That(run.ExitCode, Is.EqualTo(1), run.ToString());
        Assert.That(run.Error, Does.Contain("nothing was recorded under the prefix 'never-recorded'"));
    }

    [Test]
    public async Task A_writer_that_the_manifest_has_lost_is_found()
    {
        // The manifest again, without the row of rank 1.
        (await BenchAsync("openmpi", 2, ["-w", "-o", "-n", "100", "--prefix", "row"])).Succeeded();
        string[] rows = [.. (await deployment.RunAsync(null, "replay", "row-0", "manifest", "--json")).Succeeded().Lines
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("record").GetString()!)];
        Assert.That(rows, Has.Length.EqualTo(2));
        (await deployment.RunAsync(null, "story", "destroy", "row-0", "manifest")).Succeeded();
        string kept = rows.Single(row => row.Contains(" rank 0 ", StringComparison.Ordinal));
        (await deployment.RunAsync(kept + "\n", "record", "row-0", "manifest")).Succeeded();
        LaunchedProgram.Outcome read = await BenchAsync("openmpi", 1, ["-r", "--verify", "--prefix", "row"]);
        Assert.That(read.ExitCode, Is.EqualTo(1), read.ToString());
        Assert.That(read.Error, Does.Contain("which the manifest does not name"));
        Assert.That(read.Output, Does.Contain("verified 200 events").And.Contain("FAILED"));
    }

    private Task<LaunchedProgram.Outcome> BenchAsync(string mpi, int ranks, string[] arguments) => Launcher.RunAsync(
        mpi, ranks, [Launcher.Bench, .. arguments], new Dictionary<string, string> { ["CHRONOLOG_ENDPOINT"] = deployment.Endpoint });
}
