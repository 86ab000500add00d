using System.Diagnostics;
using System.Text.Json;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster;

/// <summary>Starting, configuring and stopping deployments; the demo.</summary>
public sealed class DeploymentTests
{
    [Test]
    public async Task TheDemoEndsWithEqualCounts()
    {
        Chronolog.Outcome demo = (await Chronolog.RunAsync(null, "demo", "--seconds", "5")).Succeeded();
        Assert.That(demo.Lines[^1], Does.Match(@"^recorded=(\d+) archived=\1 replayed=\1 order=ok$"));
    }

    [Test]
    public async Task TwoDeploymentsSideBySideDoNotMix()
    {
        await using LocalDeployment one = await LocalDeployment.StartAsync(keepers: 1);
        await using LocalDeployment two = await LocalDeployment.StartAsync(keepers: 1, more: ["--groups", "2"]);
        (await one.RunAsync("one\n", "record", "c", "s", "--create")).Succeeded();
        (await two.RunAsync("two\n", "record", "c", "s", "--create")).Succeeded();
        Assert.That((await one.RunAsync(null, "replay", "c", "s", "--format", "raw")).Succeeded().Lines, Is.EqualTo(["one"]));
        Assert.That((await two.RunAsync(null, "replay", "c", "s", "--format", "raw")).Succeeded().Lines, Is.EqualTo(["two"]));
    }

    [Test]
    public async Task MetadataSurvivesTheVisor()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        (await deployment.RunAsync(null, "chronicle", "create", "kept", "--attr", "owner=me")).Succeeded();
        (await deployment.RunAsync("a\nb\n", "record", "kept", "s")).Succeeded();
        int before = PidOf(await deployment.StatusAsync(), "visor");
        Process.GetProcessById(before).Kill();
        await using ChronoClient client = await ConnectAgainAsync(deployment);
        await deployment.WaitAsync(
            client,
            status => status.Processes.Count(process => process.State == "alive") == 4,
            "every process to register with the new Visor");
        Assert.That(PidOf(await deployment.StatusAsync(), "visor"), Is.Not.EqualTo(before));
        Chronicle chronicle = await client.ShowChronicleAsync("kept");
        Assert.That(chronicle.Attributes["owner"], Is.EqualTo("me"));
        Assert.That((await RecordedEvent.ReplayAsync(client, "kept", "s")).Select(each => each.Record), Is.EqualTo(["a", "b"]));
    }

    [Test]
    public async Task ExtractorsAreChained()
    {
        string csv = Directory.CreateTempSubdirectory("chronolog-csv-").FullName;
        string chain =
            "{'extractors':{'archive':{'type':'hdf5_extractor'},'copy':{'type':'csv_extractor','csv_archive_dir':'DIR'},"
            + "'log':{'type':'logging_extractor'}}}";
        chain = chain.Replace('\'', '"').Replace("DIR", csv, StringComparison.Ordinal);
        await using (LocalDeployment deployment = await LocalDeployment.StartAsync(
            keepers: 1, more: ["--set", $"grapher.extraction-module={chain}"]))
        {
            (await deployment.RunAsync("to csv\n", "record", "c", "s", "--create")).Succeeded();
            await using ChronoClient client = await deployment.ConnectAsync();
            await deployment.WaitUntilColdAsync(client, "c", "s", 1);
        }

        string[] files = Directory.GetFiles(csv, "*.csv", SearchOption.AllDirectories);
        Assert.That(files, Has.Length.EqualTo(1));
        Assert.That(File.ReadAllText(files[0]), Does.Contain("to csv"));
        Directory.Delete(csv, recursive: true);
    }

    [TestCase("keeper", "--acceptance-window", "0", "acceptance-window", "1ms .. 1d")]
    [TestCase("grapher", "--drain-port", "70000", "drain-port", "0 .. 65535")]
    [TestCase("visor", "--group-assignment", "best", "group-assignment", "uniform | least-loaded")]
    [TestCase("player", "--memory-budget", "lots", "memory-budget", "bytes")]
    public async Task ABadSettingIsRefusedByNameWithItsRange(string role, string option, string value, string name, string range)
    {
        Chronolog.Outcome outcome = await Chronolog.RunAsync(null, role, option, value);
        Assert.That(outcome.ExitCode, Is.EqualTo(2));
        Assert.That(outcome.Error, Does.Contain(name).And.Contain(range).And.Contain(value));
    }

    [TestCase("""{"chunk_duratoin":"1s"}""", "\"chunk_duratoin\"", "\"chunk_duration\"")]
    [TestCase("""{"chrono_keeper":{"ring_dir":"/tmp"}}""", "\"chrono_keeper.ring_dir\"", "\"chrono_keeper.ring")]
    [TestCase("""{"chrono_kepper":{}}""", "\"chrono_kepper\"", "\"chrono_keeper\"")]
    public async Task AKeyOfASettingsFileThatNobodyKnowsIsRefused(string content, string key, string nearest)
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, content);
        foreach (string[] command in (string[][])[["keeper"], ["config", "check", "keeper"]])
        {
            Chronolog.Outcome outcome = await Chronolog.RunAsync(null, [.. command, "--config", file]);
            Assert.That(outcome.ExitCode, Is.EqualTo(2));
            Assert.That(outcome.Error, Does.Contain(file).And.Contain(key).And.Contain(nearest));
        }

        await File.WriteAllTextAsync(file, """{"chrono_client":{"x":1},"chrono_player":{"y":2},"query_port":7,"group":1}""");
        (await Chronolog.RunAsync(null, "config", "check", "keeper", "--config", file)).Succeeded();
        File.Delete(file);
    }

    [Test]
    public async Task AnUnreachableEndpointIsStatusThree()
    {
        Chronolog.Outcome outcome = await Chronolog.RunAsync(null, "status", "--endpoint", "tcp://127.0.0.1:1");
        Assert.That(outcome.ExitCode, Is.EqualTo(3));
        Assert.That(outcome.Error, Does.Contain("tcp://127.0.0.1:1"));
    }

    [Test]
    public async Task APortThatIsTakenStopsTheDeployment()
    {
        await using LocalDeployment first = await LocalDeployment.StartAsync(keepers: 1);
        string port = new Uri(first.Endpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        string directory = Directory.CreateTempSubdirectory("chronolog-test-").FullName;
        Chronolog.Outcome second = await Chronolog.RunAsync(null, "up", "--detach", "--dir", directory, "--port-base", port);
        Assert.That(second.ExitCode, Is.EqualTo(1));
        Assert.That(second.Error, Does.Contain(port).And.Contain("taken"));
        Directory.Delete(directory, recursive: true);
    }

    [Test]
    public async Task ASecondUpInTheSameDirectoryIsRefusedAndChangesNothing()
    {
        await using LocalDeployment first = await LocalDeployment.StartAsync(keepers: 1);
        foreach (string[] how in (string[][])[[], ["--detach"]])
        {
            Chronolog.Outcome second = await Chronolog.RunAsync(null, ["up", "--dir", first.Directory, .. how]);
            Assert.That(second.ExitCode, Is.EqualTo(2));
            Assert.That(second.Error, Does.Contain(first.Directory).And.Contain("chronolog down"));
        }

        Assert.That(File.ReadAllText(Path.Combine(first.Directory, "endpoint")).Trim(), Is.EqualTo(first.Endpoint));
    }

    [Test]
    public async Task ADetachedDeploymentHoldsNoPipeOfItsCaller()
    {
        string directory = Directory.CreateTempSubdirectory("chronolog-test-").FullName;
        string[] up = ["up", "--detach", "--dir", directory, "--window", "500ms", "--port-base", $"{LocalDeployment.FreePorts()}"];
        // Descriptor 9 is the same pipe as standard output and error: it ends when nobody has any of them any more.
        var start = new ProcessStartInfo("/bin/bash", ["-c", "exec 9>&1 2>&1; exec \"$@\"", "bash", Chronolog.Executable, .. up])
        {
            RedirectStandardOutput = true,
        };
        using Process shell = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        string output = await shell.StandardOutput.ReadToEndAsync(deadline.Token);
        await shell.WaitForExitAsync(deadline.Token);
        Assert.That(shell.ExitCode, Is.Zero, output);
        await using var deployment = new LocalDeployment(directory, output.Trim());
        (await deployment.RunAsync("a\n", "record", "c", "s", "--create")).Succeeded();
    }

    [Test]
    public async Task TheLimitOfReplaysIsASetting()
    {
        await using LocalDeployment deployment =
            await LocalDeployment.StartAsync(keepers: 1, more: ["--set", "player.reads-per-client-max=1"]);
        string pages = string.Concat(Enumerable.Repeat(new string('x', 1000) + "\n", 20_000)); // 20 MB: of many pages
        (await deployment.RunAsync(pages, "record", "c", "s", "--create")).Succeeded();
        await using ChronoClient client = await deployment.ConnectAsync();
        await using Replay open = await client.ReplayAsync("c", "s");
        ChronoLogException refusal = (await Assert.ThrowsAsync<ChronoLogException>(() => client.ReplayAsync("c", "s")))!;
        Assert.That(refusal.Status, Is.EqualTo(Status.LimitExceeded));
        Assert.That(refusal.Message, Does.Contain("player-0").And.Contain("1 reads"));
    }

    [Test]
    public async Task DoctorAndConfigAnswer()
    {
        Chronolog.Outcome doctor = await Chronolog.RunAsync(null, "doctor");
        Assert.That(doctor.Output, Does.Contain("provider ofi+tcp").And.Contain("library zmq").And.Contain("clock source").And.Contain("tick source"));
        foreach (string role in (string[])["visor", "keeper", "grapher", "player"])
        {
            Chronolog.Outcome config = (await Chronolog.RunAsync(null, "config", "show", role, "--json")).Succeeded();
            Assert.That(JsonDocument.Parse(config.Output).RootElement.EnumerateObject().Count(), Is.GreaterThan(5));
            (await Chronolog.RunAsync(null, "config", "check", role)).Succeeded();
        }
    }

    private static int PidOf(JsonElement status, string role) => status.GetProperty("processes").EnumerateArray()
        .First(process => process.GetProperty("role").GetString() == role).GetProperty("pid").GetInt32();

    private static async Task<ChronoClient> ConnectAgainAsync(LocalDeployment deployment)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return await deployment.ConnectAsync();
            }
            catch (ChronoLogException) when (attempt < 10)
            {
                // The supervisor restarts it with a back-off.
            }
        }
    }
}
