using System.Globalization;
using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster;

/// <summary>The main promise: what was recorded comes back, complete and in order, from whatever tier it is in.</summary>
[TestFixture("ofi+tcp")]
[TestFixture("ofi+shm")]
public sealed class RecordingTests(string fabric)
{
    private const int Clients = 4;
    private const int EventsPerWriter = 12_500; // 4 clients x 2 stories x 12,500 = 100,000
    private static readonly string[] Stories = ["north", "south"];

    [Test]
    public async Task EveryAcknowledgedEventIsInEveryLaterReplay()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(fabric);
        await using ChronoClient reader = await deployment.ConnectAsync();
        await reader.CreateChronicleAsync("load");
        List<Writer> writers = [];
        List<ChronoClient> clients = [];
        for (int i = 0; i < Clients; i++)
        {
            ChronoClient client = await deployment.ConnectAsync();
            clients.Add(client);
            foreach (string story in Stories)
            {
                writers.Add(new Writer(await client.AcquireStoryAsync("load", story)));
            }
        }

        Task recording = Task.WhenAll(writers.Select(writer => Task.Run(writer.Record)));
        int replaysWhileRecording = 0;
        do
        {
            foreach (string story in Stories)
            {
                List<(Writer Writer, int Acknowledged)> before =
                    [.. writers.Where(writer => writer.Story == story).Select(writer => (writer, writer.Acknowledged))];
                List<RecordedEvent> events = await RecordedEvent.ReplayAsync(reader, "load", story);
                RecordedEvent.AssertOrdered(events);
                CheckComplete(before, events);
            }

            replaysWhileRecording += recording.IsCompleted ? 0 : 1;
        }
        while (!recording.IsCompleted);
        await recording;
        Assert.That(replaysWhileRecording, Is.Positive, "the writers ended before a replay did");

        foreach (string story in Stories)
        {
            List<RecordedEvent> early = await RecordedEvent.ReplayAsync(reader, "load", story);
            Assert.That(early, Has.Count.EqualTo(Clients * EventsPerWriter));
            await deployment.WaitUntilColdAsync(reader, "load", story, early.Count);
            List<RecordedEvent> cold = await RecordedEvent.ReplayAsync(reader, "load", story);
            Assert.That(cold, Is.EqualTo(early).AsCollection, "the archive gives other bytes or another order");
        }

        await CheckPulledByRmaAsync(deployment, reader);
        foreach (ChronoClient client in clients)
        {
            await client.DisposeAsync();
        }
    }

    [Test]
    public async Task AnEventIsVisibleOneMillisecondAfterItsRecordingReturned()
    {
        const int Rounds = 1000;
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(fabric);
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("visible", "now", createChronicle: true);
        int found = 0;
        for (int i = 0; i < Rounds; i++)
        {
            string record = i.ToString(CultureInfo.InvariantCulture);
            ulong tick = story.LogEvent(Encoding.UTF8.GetBytes(record));
            await Task.Delay(1);
            List<RecordedEvent> events = await RecordedEvent.ReplayAsync(client, "visible", "now", tick, tick + 1);
            found += events is [var only] && only.Record == record ? 1 : 0;
        }

        Assert.That(found, Is.EqualTo(Rounds));
        await client.ReleaseStoryAsync("visible", "now");
    }

    // The Grapher's own counters of libfabric operations: reads it has made, and their bytes.
    private static async Task CheckPulledByRmaAsync(LocalDeployment deployment, ChronoClient client)
    {
        long recordBytes = (long)Clients * Stories.Length * EventsPerWriter * Writer.RecordBytesMin;
        StatusReply status = await deployment.WaitAsync(
            client,
            each => each.Processes.Any(process => process.Identity.Role == Role.Grapher
                && process.Statistics.GetValueOrDefault("rma_bytes_read") >= recordBytes),
            "the Grapher's RMA reads to cover all records");
        ProcessStatus grapher = status.Processes.First(process => process.Identity.Role == Role.Grapher);
        Assert.That(grapher.Statistics["rma_reads"], Is.Positive);
    }

    private static void CheckComplete(IEnumerable<(Writer Writer, int Acknowledged)> before, List<RecordedEvent> events)
    {
        ILookup<ulong, RecordedEvent> byClient = events.ToLookup(each => each.Sequence.ClientId);
        foreach ((Writer writer, int acknowledged) in before)
        {
            List<RecordedEvent> own = [.. byClient[writer.ClientId]];
            Assert.That(own, Has.Count.GreaterThanOrEqualTo(acknowledged));
            for (int i = 0; i < own.Count; i++)
            {
                if (own[i].Record != writer.RecordOf(i))
                {
                    Assert.Fail($"event {i} of client {writer.ClientId} came back as '{own[i].Record}'");
                }
            }
        }
    }

    private sealed class Writer(StoryHandle handle)
    {
        public const int RecordBytesMin = 30;
        private int acknowledged;

        public string Story => handle.Story;

        public ulong ClientId => handle.ClientId;

        public int Acknowledged => Volatile.Read(ref acknowledged);

        public string RecordOf(int number) =>
            string.Create(CultureInfo.InvariantCulture, $"client {handle.ClientId} story {handle.Story} number {number:d8}");

        public void Record()
        {
            for (int i = 0; i < EventsPerWriter; i++)
            {
                handle.LogEvent(Encoding.UTF8.GetBytes(RecordOf(i)));
                Volatile.Write(ref acknowledged, i + 1);
                if (i % 50 == 0)
                {
                    Thread.Sleep(10); // spread over several windows, and long enough for several replays
                }
            }
        }
    }
}
