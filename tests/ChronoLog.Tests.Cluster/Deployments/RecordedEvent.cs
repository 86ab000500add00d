using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Cluster.Deployments;

/// <summary>An event that came back, with a copy of its bytes.</summary>
internal sealed record RecordedEvent(EventSequence Sequence, string Record)
{
    /// <summary>Replays a range; must be complete.</summary>
    public static async Task<List<RecordedEvent>> ReplayAsync(
        ChronoClient client, string chronicle, string story, ulong start = 0, ulong end = ulong.MaxValue)
    {
        var events = new List<RecordedEvent>();
        await using Replay replay = await client.ReplayAsync(chronicle, story, start, end);
        await foreach (EventPage page in replay)
        {
            foreach (ref readonly EventEntry entry in page.Events)
            {
                events.Add(new RecordedEvent(entry.Sequence, System.Text.Encoding.UTF8.GetString(entry.LogRecord)));
            }
        }

        Assert.That(replay.Status, Is.EqualTo(Status.Ok), () => string.Join("; ", replay.Gaps));
        return events;
    }

    /// <summary>Strictly ascending: in total order, and nothing twice.</summary>
    public static void AssertOrdered(IReadOnlyList<RecordedEvent> events)
    {
        for (int i = 1; i < events.Count; i++)
        {
            if (events[i].Sequence <= events[i - 1].Sequence)
            {
                Assert.Fail($"event {i}: {events[i]} is not after {events[i - 1]}");
            }
        }
    }
}
