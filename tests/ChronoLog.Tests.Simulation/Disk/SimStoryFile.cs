using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Model;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>A StoryFile: its events in order, and where it is on its way to the device.</summary>
public sealed class SimStoryFile(RetiredChunk chunk, string name, List<string> partials)
{
    private EventRun? run;

    public string Chronicle { get; } = chunk.Story.Chronicle;

    public string Story { get; } = chunk.Story.Story;

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

    public IEnumerable<EventSequence> Identities =>
        run is null ? [] : run.Entries.ToArray().Select(entry => entry.Sequence);

    /// <summary>
    /// All of the chunk's events that are in no other file, or the first part of them: a writer that dies leaves the
    /// rest unwritten.
    /// </summary>
    /// <returns>How many there are to write.</returns>
    public int Write(IReadOnlySet<EventSequence> archived, bool whole)
    {
        var entries = new List<EventEntry>();
        using MergeCursor merge = chunk.Chunk.OpenMerge();
        var block = new EventEntry[256];
        for (int count = merge.Read(block); count > 0; count = merge.Read(block))
        {
            entries.AddRange(block.AsSpan(0, count).ToArray().Where(entry => !archived.Contains(entry.Sequence)));
        }

        run = Copy(entries[..(whole ? entries.Count : entries.Count / 2)]);
        IsFinished = whole;
        return entries.Count;
    }

    /// <summary>The events in [start, end) with a reference for the caller; null when there are none.</summary>
    public EventRun? Range(ulong startTime, ulong endTime) => run?.Count > 0 ? run.Range(startTime, endTime) : null;

    private static EventRun? Copy(List<EventEntry> entries)
    {
        if (entries.Count == 0)
        {
            return null;
        }

        var memory = new PinnedBlock(entries.Sum(static entry => entry.Length));
        var copies = new EventEntry[entries.Count];
        int offset = 0;
        for (int i = 0; i < copies.Length; i++)
        {
            EventEntry entry = entries[i];
            entry.LogRecord.CopyTo(memory.Span[offset..]);
            copies[i] = new EventEntry(
                entry.EventTime, entry.ClientId, entry.EventIndex, memory.Address + offset, entry.Length);
            offset += entry.Length;
        }

        return new EventRun(copies, 0, copies.Length, [memory]);
    }
}
