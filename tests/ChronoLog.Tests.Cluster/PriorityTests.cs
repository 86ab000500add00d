using System.Globalization;
using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;
using ChronoLog.Tests.Cluster.Faults;
using Signals = ChronoLog.Tests.Cluster.Faults.Signals;

namespace ChronoLog.Tests.Cluster;

/// <summary>
/// Chronicles of type <c>priority</c> under load: what they record last is taken and archived before what others recorded
/// first. What is compared is an order, never a time: a process is stopped until everything waits for it.
/// </summary>
public sealed class PriorityTests
{
    private const int Standard = 30;

    // Nanoseconds. With windows of 200 ms a chunk of the Grapher ends and its window passes within a second.
    private const ulong PastAllWindows = 3_000_000_000;

    // Far more than any heartbeat of a stopped process takes: it is not to be declared dead meanwhile.
    private static readonly string[] Settings = ["visor.dead-after=120s"];

    private LocalDeployment deployment = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => deployment = await LocalDeployment.StartAsync(new DeploymentSetup
    {
        Keepers = 1, Window = "200ms", Settings = Settings,
    });

    [OneTimeTearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public async Task AKeeperTakesPriorityEventsBeforeOthersThatWaitedLonger()
    {
        const int Events = 4_000;
        await using ChronoClient client = await deployment.ConnectAsync();
        await using ChronoClient urgentClient = await deployment.ConnectAsync();

        // Ordered by arrival, so that each event's turn at the Keeper is stored with it.
        StoryHandle standard = await AcquireAsync(client, "taken-standard", ("type", "standard"), ("collision", "ordering"));
        StoryHandle urgent = await AcquireAsync(urgentClient, "taken-priority", ("type", "priority"), ("collision", "ordering"));
        byte[] record = new byte[1_000]; // 16 batches of each ring
        await using (await StoppedAsync(client, "keeper-0"))
        {
            for (int i = 0; i < Events; i++)
            {
                standard.LogEvent(record);
            }

            for (int i = 0; i < Events; i++)
            {
                urgent.LogEvent(record);
            }
        }

        await client.ReleaseStoryAsync("taken-standard", "s");
        await urgentClient.ReleaseStoryAsync("taken-priority", "s");
        await deployment.WaitUntilColdAsync(client, "taken-standard", "s", Events);
        await deployment.WaitUntilColdAsync(client, "taken-priority", "s", Events);
        List<ulong> others = Arrivals("taken-standard");
        List<ulong> first = Arrivals("taken-priority");
        Assert.That((others.Count, first.Count), Is.EqualTo((Events, Events)));
        Assert.That(
            others.Count(arrival => arrival > first.Max()), Is.GreaterThan(Events / 2),
            "most of what waited before it was taken after it");
        Assert.That(others.Min(), Is.LessThan(first.Max()), "but the others have their turns too");
    }

    [Test]
    public async Task APriorityStoryIsArchivedBeforeOthersThatRetiredEarlier()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        string[] names = [.. Enumerable.Range(0, Standard).Select(static i => $"drained-{i}")];
        foreach (string name in names)
        {
            await AcquireAsync(client, name, ("type", "standard"));
        }

        StoryHandle urgent = await AcquireAsync(client, "drained-priority", ("type", "priority"));
        await using (await StoppedAsync(client, "grapher-0"))
        {
            foreach (string name in names)
            {
                (await client.AcquireStoryAsync(name, "s")).LogEvent(Encoding.UTF8.GetBytes(name));
            }

            await WaitingChunksAsync(client, Standard);
            ulong tick = urgent.LogEvent("urgent"u8);
            await WaitingChunksAsync(client, Standard + 1);

            // The Grapher's windows have passed for all of them alike.
            await Waiting.UntilAsync(() => client.Clock.Now > tick + PastAllWindows, "the Grapher's windows to pass");
        }

        foreach (string name in names.Append("drained-priority"))
        {
            await deployment.WaitUntilColdAsync(client, name, "s", 1);
            await client.ReleaseStoryAsync(name, "s");
        }

        DateTime written = WrittenAt("drained-priority");
        int before = names.Count(name => WrittenAt(name) < written);
        TestContext.Out.WriteLine($"{before} of {Standard} standard chunks were archived before the priority one");

        // Those that were on their way when it came, and a turn of the others.
        Assert.That(before, Is.LessThan(Standard / 2), "it came last and was handed over among the first");
    }

    private static async Task<StoryHandle> AcquireAsync(
        ChronoClient client, string chronicle, params (string Key, string Value)[] attributes)
    {
        await client.CreateChronicleAsync(chronicle, attributes.ToDictionary(each => each.Key, each => each.Value));
        return await client.AcquireStoryAsync(chronicle, "s");
    }

    private async Task<IAsyncDisposable> StoppedAsync(ChronoClient client, string process)
    {
        int pid = (await deployment.WaitAsync(
            client, status => status.Processes.Any(each => each.Identity.Name == process), process)).Pid(process);
        await Signals.StopAsync(pid);
        return new Stopped(pid);
    }

    private Task<StatusReply> WaitingChunksAsync(ChronoClient client, int count) => deployment.WaitAsync(
        client, status => status.Statistic("keeper-0", "chunks_not_archived") >= count, $"{count} chunks that wait for the Grapher");

    private string[] StoryFiles(string chronicle) =>
        Directory.GetFiles(Path.Combine(deployment.ArchiveDirectory, chronicle, "s"), "*.h5");

    private DateTime WrittenAt(string chronicle) => StoryFiles(chronicle).Min(File.GetLastWriteTimeUtc);

    private List<ulong> Arrivals(string chronicle)
    {
        var arrivals = new List<ulong>();
        foreach (string file in StoryFiles(chronicle))
        {
            string dump = SystemCommand.Output("h5dump", "-y", "-w", "40", "-d", "/events/arrivalTime", file);
            string data = dump[(dump.IndexOf("DATA {", StringComparison.Ordinal) + 6)..];
            arrivals.AddRange(data[..data.IndexOf('}')]
                .Split([',', '\n', ' '], StringSplitOptions.RemoveEmptyEntries)
                .Select(static number => ulong.Parse(number, CultureInfo.InvariantCulture)));
        }

        return arrivals;
    }

    private sealed class Stopped(int pid) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await Signals.ContinueAsync(pid);
    }
}
