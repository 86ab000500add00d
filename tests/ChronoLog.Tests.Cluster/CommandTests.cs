using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster;

/// <summary>The commands, as a user types them.</summary>
public sealed class CommandTests
{
    private LocalDeployment deployment = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => deployment = await LocalDeployment.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public async Task TenSyslogLinesComeBackFromTheArchive()
    {
        string[] lines = [.. Enumerable.Range(0, 10).Select(i => $"Nov 21 10:00:0{i} node{i} kernel: [{i}.000000] message \"{i}\", ok")];
        JsonElement summary = await RecordAsync(string.Join('\n', lines) + "\n", "syslog", "node");
        Assert.That(summary.GetProperty("events").GetInt64(), Is.EqualTo(10));
        await using ChronoClient client = await deployment.ConnectAsync();
        await deployment.WaitUntilColdAsync(client, "syslog", "node", 10);
        Chronolog.Outcome raw = (await deployment.RunAsync(null, "replay", "syslog", "node", "--format", "raw")).Succeeded();
        Assert.That(raw.Lines, Is.EqualTo(lines));
        Chronolog.Outcome csv = (await deployment.RunAsync(null, "replay", "syslog", "node", "--format", "csv")).Succeeded();
        Assert.That(csv.Lines[0], Is.EqualTo("time,client,index,record"));
        Assert.That(csv.Lines[1], Does.EndWith("message \"\"0\"\", ok\""));
        Chronolog.Outcome list = (await Chronolog.RunAsync(null, "archive", "list", deployment.ArchiveDirectory, "--json")).Succeeded();
        string path = list.Lines.Select(line => JsonDocument.Parse(line).RootElement)
            .First(file => file.GetProperty("chronicle").GetString() == "syslog").GetProperty("path").GetString()!;
        (await Chronolog.RunAsync(null, "archive", "show", path)).Succeeded();
        Chronolog.Outcome shown = (await Chronolog.RunAsync(null, "archive", "show", path, "--json")).Succeeded();
        JsonElement file = JsonDocument.Parse(shown.Output).RootElement;
        foreach (string number in (string[])["bytes", "story_id", "start", "end", "generation", "events", "first_event", "partials"])
        {
            Assert.That(file.GetProperty(number).ValueKind, Is.EqualTo(JsonValueKind.Number), number);
        }

        Assert.That(file.GetProperty("events").GetInt64(), Is.EqualTo(10));
        Assert.That(file.GetProperty("complete").ValueKind, Is.AnyOf(JsonValueKind.True, JsonValueKind.False));
        Assert.That(file.GetProperty("keepers")[0].ValueKind, Is.EqualTo(JsonValueKind.Number));
        (await Chronolog.RunAsync(null, "archive", "verify", deployment.ArchiveDirectory)).Succeeded();
    }

    [Test]
    public async Task ClockShowsHowWellEveryProcessKnowsTheBaseClock()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        await deployment.WaitAsync(
            client,
            status => status.Processes.All(process => process.Clock is not null)
                && status.Clients.Any(each => each.ClientId == client.ClientId && each.Clock is not null),
            "every process to report its clock");
        JsonElement[] clocks =
        [
            .. JsonDocument.Parse((await deployment.RunAsync(null, "clock", "--json")).Succeeded().Output)
                .RootElement.GetProperty("processes").EnumerateArray(),
        ];
        foreach (string role in (string[])["visor", "keeper", "grapher", "player", "client"])
        {
            JsonElement clock = clocks.First(each => each.GetProperty("role").GetString() == role);
            bool isBase = role == "visor";
            string source = clock.GetProperty("tick_source").GetString()!;
            Assert.That(source, isBase ? Is.EqualTo("base") : Is.AnyOf("tsc", "monotonic"), role);
            Assert.That(clock.GetProperty("epsilon_ns").GetUInt64(), isBase ? Is.Zero : Is.InRange(1, 1_000_000_000), role);
            Assert.That(clock.GetProperty("round_trip_ns").GetUInt64(), isBase ? Is.Zero : Is.GreaterThan(0), role);
            Assert.That(clock.GetProperty("drift_ppm").GetDouble(), Is.InRange(-1000, 1000), role);
            Assert.That(clock.GetProperty("offset_ns").ValueKind, Is.EqualTo(JsonValueKind.Number), role);
            Assert.That(clock.GetProperty("age_seconds").GetDouble(), Is.InRange(0, 60), role);
        }

        Chronolog.Outcome text = (await deployment.RunAsync(null, "clock")).Succeeded();
        Assert.That(text.Lines[0], Does.StartWith("ROLE").And.Contain("EPSILON"));
    }

    [Test]
    public async Task JsonGivesTextOrBase64AndLimitsHold()
    {
        await RecordAsync("plain\0with\nline feed\0", "json", "lines", "--null");
        Chronolog.Outcome json = (await deployment.RunAsync(null, "replay", "json", "lines", "--format", "json")).Succeeded();
        JsonElement[] events = [.. json.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.That(events.Select(each => each.GetProperty("record").GetString()), Is.EqualTo(["plain", "with\nline feed"]));
        ulong second = events[1].GetProperty("time").GetUInt64();
        Chronolog.Outcome rest = (await deployment.RunAsync(
            null, "replay", "json", "lines", "--start", $"{second}", "--json")).Succeeded();
        Assert.That(rest.Lines, Has.Length.EqualTo(1));
        Chronolog.Outcome first = (await deployment.RunAsync(null, "replay", "json", "lines", "--limit", "1", "--json")).Succeeded();
        Assert.That(first.Lines, Is.EqualTo([json.Lines[0]]));
        Chronolog.Outcome recent = (await deployment.RunAsync(null, "replay", "json", "lines", "--last", "10m", "--json")).Succeeded();
        Assert.That(recent.Lines, Has.Length.EqualTo(2));

        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("json", "binary");
        story.LogEvent([0xff, 0x00, 0xfe]);
        await client.ReleaseStoryAsync("json", "binary");
        Chronolog.Outcome binary = (await deployment.RunAsync(null, "replay", "json", "binary", "--json")).Succeeded();
        Assert.That(JsonDocument.Parse(binary.Output).RootElement.GetProperty("record_base64").GetString(), Is.EqualTo("/wD+"));
    }

    [Test]
    public async Task ChroniclesAndStoriesByCommand()
    {
        (await deployment.RunAsync(null, "chronicle", "create", "cli", "--attr", "granularity=us", "--attr", "owner=me")).Succeeded();
        Assert.That((await deployment.RunAsync(null, "chronicle", "list")).Succeeded().Lines, Has.Member("cli"));
        (await deployment.RunAsync(null, "chronicle", "set", "cli", "--attr", "owner=you")).Succeeded();
        JsonElement shown = JsonDocument.Parse((await deployment.RunAsync(null, "chronicle", "show", "cli", "--json")).Succeeded().Output).RootElement;
        Assert.That(shown.GetProperty("attributes").GetProperty("owner").GetString(), Is.EqualTo("you"));
        Assert.That(shown.GetProperty("attributes").GetProperty("granularity").GetString(), Is.EqualTo("us"));
        await RecordAsync("x\n", "cli", "s");
        Assert.That((await deployment.RunAsync(null, "story", "list", "cli")).Succeeded().Lines, Is.EqualTo(["s"]));
        (await deployment.RunAsync(null, "story", "show", "cli", "s")).Succeeded();
        (await deployment.RunAsync(null, "story", "destroy", "cli", "s")).Succeeded();
        (await deployment.RunAsync(null, "chronicle", "destroy", "cli")).Succeeded();
        Assert.That((await deployment.RunAsync(null, "chronicle", "show", "cli")).ExitCode, Is.EqualTo(1));
    }

    [Test]
    public async Task StatusNamesEveryProcess()
    {
        JsonElement status = await deployment.StatusAsync();
        string[] roles = [.. status.GetProperty("processes").EnumerateArray().Select(process => process.GetProperty("role").GetString()!)];
        Assert.That(roles, Is.EquivalentTo(["visor", "keeper", "keeper", "grapher", "player"]));
        foreach (JsonElement process in status.GetProperty("processes").EnumerateArray())
        {
            Assert.That(process.GetProperty("state").GetString(), Is.EqualTo("alive"));
            Assert.That(Process.GetProcessById(process.GetProperty("pid").GetInt32()).HasExited, Is.False);
        }
    }

    [Test]
    public async Task TailShowsWhatIsRecordedWhileItRuns()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("tail", "live", createChronicle: true);
        ulong first = story.LogEvent("before"u8);
        var start = new ProcessStartInfo(
            Chronolog.Executable,
            ["tail", "tail", "live", "--from", $"{first}", "--format", "raw", "--endpoint", deployment.Endpoint])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        using Process tail = Process.Start(start)!;
        try
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            Assert.That(await tail.StandardOutput.ReadLineAsync(deadline.Token), Is.EqualTo("before"));
            for (int i = 0; i < 5; i++)
            {
                story.LogEvent(System.Text.Encoding.UTF8.GetBytes($"live {i}"));
                Assert.That(await tail.StandardOutput.ReadLineAsync(deadline.Token), Is.EqualTo($"live {i}"));
            }
        }
        finally
        {
            tail.Kill();
            await tail.WaitForExitAsync();
        }

        await client.ReleaseStoryAsync("tail", "live");
    }

    [Test]
    public async Task GarbageOnEveryPortLeavesTheDeploymentUp()
    {
        JsonElement status = await deployment.StatusAsync();
        foreach (JsonElement process in status.GetProperty("processes").EnumerateArray())
        {
            foreach (string key in (string[])["address", "admin_address"])
            {
                var uri = new Uri(process.GetProperty(key).GetString()!);
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, uri.Port);
                byte[] garbage = new byte[4096];
                new Random(1).NextBytes(garbage);
                await socket.SendAsync(garbage);
            }
        }

        await RecordAsync("still\nhere\n", "garbage", "survived");
        Chronolog.Outcome raw = (await deployment.RunAsync(null, "replay", "garbage", "survived", "--format", "raw")).Succeeded();
        Assert.That(raw.Lines, Is.EqualTo(["still", "here"]));
        JsonElement after = await deployment.StatusAsync();
        Assert.That(Pids(after), Is.EquivalentTo(Pids(status)), "a process was restarted");
    }

    [Test]
    public async Task Hdf5FilesAreReadByAnIndependentReader()
    {
        await RecordAsync("a\nbb\n\nccc\n", "h5", "py");
        await using ChronoClient client = await deployment.ConnectAsync();
        await deployment.WaitUntilColdAsync(client, "h5", "py", 4);
        string folder = Path.Combine(deployment.ArchiveDirectory, "h5", "py");
        const string Program = """
            import h5py, sys
            f = h5py.File(sys.argv[1], "r")
            e = f["events"]
            r = bytes(e["record"][:]); o = e["recordOffset"][:]
            print("|".join(r[o[i]:o[i+1]].decode() for i in range(len(o)-1)), f.attrs["chronicle"], f.attrs["story"])
            """;
        List<string> text = [];
        foreach (string file in Directory.EnumerateFiles(folder, "*.h5").Order())
        {
            using Process python = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", Program, file])
            {
                RedirectStandardOutput = true,
            })!;
            text.Add((await python.StandardOutput.ReadToEndAsync()).Trim());
            await python.WaitForExitAsync();
            Assert.That(python.ExitCode, Is.Zero);
        }

        Assert.That(string.Join('|', text.Select(line => line.Split(' ')[0])), Is.EqualTo("a|bb||ccc"));
        Assert.That(text[0], Does.Contain("h5").And.Contain("py"));
    }

    private static IEnumerable<int> Pids(JsonElement status) =>
        status.GetProperty("processes").EnumerateArray().Select(process => process.GetProperty("pid").GetInt32());

    private async Task<JsonElement> RecordAsync(string input, string chronicle, string story, params string[] more)
    {
        Chronolog.Outcome outcome = (await deployment.RunAsync(
            input, ["record", chronicle, story, "--create", "--json", "--flush", "synced", .. more])).Succeeded();
        return JsonDocument.Parse(outcome.Output).RootElement;
    }
}
