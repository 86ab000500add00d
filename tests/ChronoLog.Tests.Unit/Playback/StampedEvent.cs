using System.Buffers.Binary;
using System.Text;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;

namespace ChronoLog.Tests.Unit.Playback;

/// <summary>An event and when it arrived; 0 = without a stamp.</summary>
public sealed record StampedEvent(TestEvent Event, ulong Arrival)
{
    /// <summary>A run of the events in the order of their sequence, duplicates kept in the order of arrival.</summary>
    public static EventRun ToRun(IEnumerable<StampedEvent> events)
    {
        List<StampedEvent> sorted = [.. events.OrderBy(e => e.Event.Sequence).ThenBy(e => e.Arrival)];
        byte[][] records = [.. sorted.Select(e => Encoding.UTF8.GetBytes(e.Event.Record))];
        var block = new PinnedBlock(records.Sum(r => r.Length + EventEntry.StampLength));
        var entries = new EventEntry[sorted.Count];
        int offset = 0;
        for (int i = 0; i < entries.Length; i++)
        {
            TestEvent e = sorted[i].Event;
            BinaryPrimitives.WriteUInt64LittleEndian(block.Span[offset..], sorted[i].Arrival);
            offset += EventEntry.StampLength;
            records[i].CopyTo(block.Span[offset..]);
            entries[i] = new EventEntry(
                e.Time, e.Client, e.Index, block.Address + offset, records[i].Length, isStamped: sorted[i].Arrival != 0);
            offset += records[i].Length;
        }

        return new EventRun(entries, 0, entries.Length, [block]);
    }

    public static List<StampedEvent> FromRun(EventRun run)
    {
        var events = new List<StampedEvent>();
        List<TestEvent> plain = TestEvent.FromRun(run);
        for (int i = 0; i < plain.Count; i++)
        {
            events.Add(new StampedEvent(plain[i], run.Entries[i].Arrival));
        }

        return events;
    }

    public static async ValueTask<List<StampedEvent>> Drain(IReadSource source)
    {
        var events = new List<StampedEvent>();
        while (await source.NextAsync(default) is { } run)
        {
            events.AddRange(FromRun(run));
            run.Release();
        }

        return events;
    }
}

/// <summary>Runs with the creator's references.</summary>
public sealed class Runs(IEnumerable<EventRun> runs) : IDisposable
{
    public List<EventRun> All { get; } = [.. runs];

    public void Dispose() => All.ForEach(run => run.Release());
}
