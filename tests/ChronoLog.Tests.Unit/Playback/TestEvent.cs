using System.Text;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Playback;

/// <summary>An event in the reference model: plain memory, compared by value.</summary>
public sealed record TestEvent(ulong Time, ulong Client, uint Index, string Record)
{
    public EventSequence Sequence => new(Time, Client, Index);

    /// <summary>Distinct events: one per tick, its record saying so.</summary>
    public static List<TestEvent> Series(int count, ulong first = 0, ulong step = 1, ulong client = 1) =>
        [
            .. Enumerable.Range(0, count)
                .Select(i => first + ((ulong)i * step))
                .Select(t => new TestEvent(t, client, 0, $"event {t}")),
        ];

    /// <summary>What a correct replay gives: ascending, each EventSequence once, the first occurrence kept.</summary>
    public static List<TestEvent> Model(IEnumerable<TestEvent> events) =>
        [.. events.GroupBy(e => e.Sequence).Select(g => g.First()).OrderBy(e => e.Sequence)];

    /// <summary>A run of the events in the order of their sequence, duplicates kept.</summary>
    public static EventRun ToRun(IEnumerable<TestEvent> events)
    {
        List<TestEvent> sorted = [.. events.OrderBy(e => e.Sequence)];
        byte[][] records = [.. sorted.Select(e => Encoding.UTF8.GetBytes(e.Record))];
        var block = new PinnedBlock(records.Sum(r => r.Length));
        var entries = new EventEntry[sorted.Count];
        int offset = 0;
        for (int i = 0; i < entries.Length; i++)
        {
            records[i].CopyTo(block.Span[offset..]);
            TestEvent e = sorted[i];
            entries[i] = new EventEntry(e.Time, e.Client, e.Index, block.Address + offset, records[i].Length);
            offset += records[i].Length;
        }

        return new EventRun(entries, 0, entries.Length, [block]);
    }

    public static List<TestEvent> FromRun(EventRun run)
    {
        var events = new List<TestEvent>(run.Count);
        foreach (ref readonly EventEntry entry in run.Entries)
        {
            events.Add(new TestEvent(
                entry.EventTime, entry.ClientId, entry.EventIndex, Encoding.UTF8.GetString(entry.LogRecord)));
        }

        return events;
    }
}
