using System.Buffers.Binary;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Model;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>A StoryFile: its events in order, and where it is on its way to the device.</summary>
public sealed class SimStoryFile(RetiredChunk chunk, string name, List<string> partials)
{
    private EventRun? run;

    public StoryName Story { get; } = chunk.Story.Name;

    public string Name => name;

    public ulong StartTime { get; } = chunk.Chunk.StartTime;

    public ulong EndTime { get; } = chunk.Chunk.EndTime;

    /// <summary>Of which partial chunks it was merged.</summary>
    public List<string> Partials => partials;

    public StoryFileState State { get; set; }

    /// <summary>Written with every Keeper drained beyond it.</summary>
    public bool IsComplete { get; } = chunk.Complete;

    /// <summary>As its header says.</summary>
    public long LateEvents => SaysLate ? Math.Min(chunk.LateEvents, run?.Count ?? 0) : 0;

    /// <summary>A planted defect when it is false.</summary>
    public bool SaysLate { get; init; } = true;

    /// <summary>All of it was written.</summary>
    public bool IsFinished { get; private set; }

    public bool IsReadable => IsFinished && !IsDamaged;

    /// <summary>Its checksum is wrong.</summary>
    public bool IsDamaged { get; set; }

    public IEnumerable<EventSequence> Identities => Arrivals.Select(static each => each.Sequence);

    /// <summary>Every event with its arrival stamp; 0 = it has none.</summary>
    public IEnumerable<(EventSequence Sequence, ulong Arrival)> Arrivals =>
        run is null ? [] : run.Entries.ToArray().Select(static entry => (entry.Sequence, entry.Arrival));

    /// <summary>
    /// All of the chunk's events that are in no other file, or the first part of them: a writer that dies leaves the
    /// rest unwritten.
    /// </summary>
    /// <returns>How many there are to write.</returns>
    /// <param name="archived">What is in other files, with its stamp.</param>
    /// <param name="whole">To the end.</param>
    public int Write(IReadOnlyDictionary<EventSequence, ulong> archived, bool whole)
    {
        var entries = new List<EventEntry>();
        using MergeCursor merge = chunk.Chunk.OpenMerge();
        var block = new EventEntry[256];
        for (int count = merge.Read(block); count > 0; count = merge.Read(block))
        {
            entries.AddRange(block.AsSpan(0, count).ToArray().Where(entry => IsNew(entry, archived)));
        }

        run = Copy(entries[..(whole ? entries.Count : entries.Count / 2)]);
        IsFinished = whole;
        return entries.Count;
    }

    /// <summary>The events in [start, end) with a reference for the caller; null when there are none.</summary>
    public EventRun? Range(ulong startTime, ulong endTime) => run?.Count > 0 ? run.Range(startTime, endTime) : null;

    // Of two copies the one that arrived first counts, whichever was archived first.
    private static bool IsNew(in EventEntry entry, IReadOnlyDictionary<EventSequence, ulong> archived) =>
        !archived.TryGetValue(entry.Sequence, out ulong arrival) || (entry.IsStamped && arrival > entry.Arrival);

    private static EventRun? Copy(List<EventEntry> entries)
    {
        if (entries.Count == 0)
        {
            return null;
        }

        var memory = new PinnedBlock(entries.Sum(static entry => EventEntry.StampLength + entry.Length));
        var copies = new EventEntry[entries.Count];
        int offset = 0;
        for (int i = 0; i < copies.Length; i++)
        {
            EventEntry entry = entries[i];
            BinaryPrimitives.WriteUInt64LittleEndian(memory.Span[offset..], entry.Arrival);
            offset += EventEntry.StampLength;
            entry.LogRecord.CopyTo(memory.Span[offset..]);
            copies[i] = new EventEntry(
                entry.EventTime, entry.ClientId, entry.EventIndex, memory.Address + offset, entry.Length, entry.IsStamped);
            offset += entry.Length;
        }

        return new EventRun(copies, 0, copies.Length, [memory]);
    }
}
