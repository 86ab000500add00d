using System.Diagnostics;
using System.Text.Json;
using ChronoLog.Client;
using ChronoLog.Core.Time;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster;

/// <summary>Historical logs into the archive, and once only.</summary>
public sealed class ImportTests
{
    private const int Lines = 10_000;
    private LocalDeployment deployment = null!;
    private string file = "";

    [OneTimeSetUp]
    public async Task StartAsync() => deployment = await LocalDeployment.StartAsync(keepers: 1);

    [OneTimeTearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [SetUp]
    public void NewFile() => file = Path.Combine(deployment.Directory, Path.GetRandomFileName());

    [Test]
    public async Task AFileInAnyOrderIsImportedOnceHoweverOftenAndFoundByItsTimes()
    {
        string[] lines = NewLines(seed: 1);
        await File.WriteAllLinesAsync(file, lines);
        JsonElement first = await ImportAsync("bulk", "--story", "s");
        Assert.That(first.GetProperty("events").GetInt32(), Is.EqualTo(Lines));
        Assert.That(first.GetProperty("verified").GetBoolean(), Is.True);

        await using ChronoClient client = await deployment.ConnectAsync();
        List<RecordedEvent> events = await RecordedEvent.ReplayAsync(client, "bulk", "s");
        RecordedEvent.AssertOrdered(events);
        Assert.That(events.Select(static each => each.Record), Is.EqualTo(lines.OrderBy(TimeOf)), "in order of time");
        Assert.That(events.Select(static each => each.Sequence.EventTime), Is.EqualTo(lines.Select(TimeOf).Order()));
        string[] files = StoryFiles("bulk", "s");
        Assert.That(files, Has.Length.LessThan(5), "in bulk: not a file per minute of three years");

        await ImportAsync("bulk", "--story", "s");
        Assert.That(StoryFiles("bulk", "s"), Is.EqualTo(files), "nothing was new");
        await File.AppendAllLinesAsync(file, ["2024-02-03T04:05:06Z appended", "  with a second line"]);
        await ImportAsync("bulk", "--story", "s");
        List<RecordedEvent> grown = await RecordedEvent.ReplayAsync(client, "bulk", "s");
        Assert.That(grown.Except(events).Single().Record, Is.EqualTo("2024-02-03T04:05:06Z appended\n  with a second line"));
        await deployment.WaitUntilColdAsync(client, "bulk", "s", Lines + 1);
        (await deployment.RunAsync(null, "archive", "verify", deployment.ArchiveDirectory)).Succeeded();
    }

    [Test]
    public async Task AnImportThatWasKilledIsFinishedByTheNextAndNothingIsThereTwice()
    {
        string[] lines = NewLines(seed: 2);
        await File.WriteAllLinesAsync(file, lines);
        var start = new ProcessStartInfo(
            Chronolog.Executable,
            [
                "import", file, "--chronicle", "killed", "--story", "s", "--create", "--chunk-bytes", "64KiB",
                "--endpoint", deployment.Endpoint,
            ])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using (Process killed = Process.Start(start)!)
        {
            await Waiting.UntilAsync(
                () => killed.HasExited || StoryFiles("killed", "s").Length > 0, "the first StoryFile of an import");
            killed.Kill();
            await killed.WaitForExitAsync();
        }

        await ImportAsync("killed", "--story", "s");
        await using ChronoClient client = await deployment.ConnectAsync();
        List<RecordedEvent> events = await RecordedEvent.ReplayAsync(client, "killed", "s");
        Assert.That(events.Select(static each => each.Record).Order(), Is.EqualTo(lines.Order()));
        await deployment.WaitUntilColdAsync(client, "killed", "s", Lines);
        Assert.That((await client.StatusAsync()).Stories.Single(each => each.Chronicle == "killed").Cold, Is.EqualTo(Lines));
    }

    [Test]
    public async Task ABadLineIsNamedAndImportsNothingUnlessItIsToBeSkipped()
    {
        await File.WriteAllLinesAsync(file, ["2024-01-01T00:00:00Z a", "2400-01-01T00:00:00Z b", "2024-01-01T00:00:01Z c"]);
        string[] command = ["import", file, "--chronicle", "bad", "--story", "s", "--create"];
        Chronolog.Outcome refused = await deployment.RunAsync(null, command);
        Assert.That(refused.ExitCode, Is.EqualTo(2));
        Assert.That(refused.Error, Does.Contain($"{file}:2").And.Contain("future"));
        Assert.That(StoryFiles("bad", "s"), Is.Empty);
        Chronolog.Outcome skipped = (await deployment.RunAsync(null, [.. command, "--on-error", "skip", "--json"])).Succeeded();
        using JsonDocument summary = JsonDocument.Parse(skipped.Output);
        Assert.That(summary.RootElement.GetProperty("events").GetInt32(), Is.EqualTo(2));
        Assert.That(summary.RootElement.GetProperty("skipped").GetInt32(), Is.EqualTo(1));
    }

    [Test]
    public async Task LinesOfAnotherSystemAndOnesThatNobodyCanHaveMeant()
    {
        await File.WriteAllBytesAsync(
            file, [0xEF, 0xBB, 0xBF, .. "2024-01-01T00:00:00Z a\r\n2024-01-01T00:00:01Z \0\u00FF b\r\n  more\r\n"u8]);
        Assert.That((await ImportAsync("odd", "--story", "s")).GetProperty("events").GetInt32(), Is.EqualTo(2));
        await using ChronoClient client = await deployment.ConnectAsync();
        List<RecordedEvent> events = await RecordedEvent.ReplayAsync(client, "odd", "s");
        Assert.That(events.Select(static each => each.Record.TrimStart('\uFEFF')), Is.EqualTo(
            ["2024-01-01T00:00:00Z a", "2024-01-01T00:00:01Z \0\u00FF b\n  more"]));

        await using (StreamWriter writer = File.CreateText(file))
        {
            await writer.WriteLineAsync("2024-01-01T00:00:00Z a");
            await writer.WriteAsync(new string('x', (16 << 20) + 1));
        }

        Chronolog.Outcome outcome = await deployment.RunAsync(null, "import", file, "--chronicle", "odd", "--story", "long");
        Assert.That(outcome.ExitCode, Is.EqualTo(1));
        Assert.That(outcome.Error, Does.Contain(file).And.Contain("line 2").And.Contain("nothing was imported"));
        Assert.That(StoryFiles("odd", "long"), Is.Empty);
    }

    [Test]
    public async Task APipeNeedsAName()
    {
        string[] command = ["import", "/dev/stdin", "--chronicle", "pipe", "--story", "s", "--create"];
        const string Input = "2024-01-01T00:00:00Z a\n";
        Chronolog.Outcome refused = await deployment.RunAsync(Input, command);
        Assert.That(refused.ExitCode, Is.EqualTo(2));
        Assert.That(refused.Error, Does.Contain("--source"));
        (await deployment.RunAsync(Input, [.. command, "--source", "the pipe"])).Succeeded();
    }

    [Test]
    public async Task StandardInputNeedsAName()
    {
        string[] command = ["import", "-", "--chronicle", "piped", "--create", "--time-format", "syslog", "--year", "2020"];
        const string Input = "Mar  4 05:06:07 host sshd[1]: one\nMar  4 05:06:08 host sshd[1]: two\n";
        Assert.That((await deployment.RunAsync(Input, command)).ExitCode, Is.EqualTo(2));
        (await deployment.RunAsync(Input, [.. command, "--source", "syslog of host"])).Succeeded();
        await using ChronoClient client = await deployment.ConnectAsync();
        List<RecordedEvent> events = await RecordedEvent.ReplayAsync(client, "piped", "syslog of host");
        Assert.That(
            events.Select(static each => ChronoTick.Format(each.Sequence.EventTime)),
            Is.EqualTo(["2020-03-04T05:06:07.000000000Z", "2020-03-04T05:06:08.000000000Z"]));
    }

    private static string[] NewLines(int seed)
    {
        var random = new Random(seed);
        ulong begin = ChronoTick.Parse("2021-01-01T00:00:00Z", 0);
        return
        [
            .. Enumerable.Range(0, Lines).Select(number =>
                $"{ChronoTick.Format(begin + (ulong)random.NextInt64(3 * 365 * 86_400_000_000_000L))} line {number} {new string('x', number % 50)}"),
        ];
    }

    private static ulong TimeOf(string line) => ChronoTick.Parse(line.Split(' ')[0], 0);

    private string[] StoryFiles(string chronicle, string story)
    {
        string directory = Path.Combine(deployment.ArchiveDirectory, chronicle, story);
        return Directory.Exists(directory) ? [.. Directory.EnumerateFiles(directory, "*.h5").Order()] : [];
    }

    private async Task<JsonElement> ImportAsync(string chronicle, params string[] more)
    {
        Chronolog.Outcome outcome = (await deployment.RunAsync(
            null, ["import", file, "--chronicle", chronicle, "--create", "--json", .. more])).Succeeded();
        using JsonDocument document = JsonDocument.Parse(outcome.Output);
        return document.RootElement.Clone();
    }
}
