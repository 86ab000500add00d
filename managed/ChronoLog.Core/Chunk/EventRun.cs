using System.Runtime.CompilerServices;
using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// An immutable slice of events in order of EventSequence (equal ones allowed). It keeps the blocks alive that its
/// entries point into, and is reference counted itself: it starts with one reference, its creator's. Readable from any
/// thread for as long as a reference is held; <see cref="Entries"/> must not be touched after the last release, because
/// the array is used again.
/// </summary>
public sealed class EventRun
{
    private const long Unknown = -1;

    private readonly int start;
    private int references = 1;
    private long recordBytes;

    /// <summary>
    /// Makes a run of entries that the caller hands over: they must be sorted and must never change again.
    /// </summary>
    /// <param name="entries">The array.</param>
    /// <param name="start">First entry of the run.</param>
    /// <param name="count">Entries in the run; 0 is allowed.</param>
    /// <param name="blocks">Whose records these are. The run takes over one reference on each.</param>
    public EventRun(EventEntry[] entries, int start, int count, IReadOnlyList<PayloadBlock> blocks)
        : this(new RunStorage(entries, entries.Length, [.. blocks], blocks.Count, pooled: false), start, count, Unknown)
    {
        _ = entries.AsSpan(start, count);
    }

    /// <summary>Takes over one reference on the storage.</summary>
    internal EventRun(RunStorage storage, int start, int count, long recordBytes)
    {
        Storage = storage;
        this.start = start;
        Count = count;
        this.recordBytes = recordBytes;
    }

    internal RunStorage Storage { get; }

    /// <summary>Index of the first entry in the storage.</summary>
    internal int Start => start;

    public int Count { get; }

    public ReadOnlySpan<EventEntry> Entries
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Storage.Entries.AsSpan(start, Count);
    }

    /// <summary>The array of the entries, for those who hand out its address.</summary>
    public ArraySegment<EventEntry> EntriesInPlace => new(Storage.Entries, start, Count);

    /// <summary>
    /// The blocks of the run (of a slice: those of the whole), without references of the caller's own.
    /// </summary>
    public ReadOnlySpan<PayloadBlock> Blocks => Storage.Blocks;

    /// <summary>Bytes of all records. Counted at the first call for a slice, known before for a whole run.</summary>
    public long RecordBytes
    {
        get
        {
            long known = Volatile.Read(ref recordBytes);
            if (known == Unknown)
            {
                known = 0;
                foreach (ref readonly EventEntry entry in Entries)
                {
                    known += entry.Length;
                }

                Volatile.Write(ref recordBytes, known);
            }

            return known;
        }
    }

    /// <exception cref="IndexOutOfRangeException">The run is empty.</exception>
    public EventSequence First => Entries[0].Sequence;

    /// <exception cref="IndexOutOfRangeException">The run is empty.</exception>
    public EventSequence Last => Entries[Count - 1].Sequence;

    /// <summary>A part of the run, with references of its own.</summary>
    public EventRun Slice(int start, int count)
    {
        _ = Entries.Slice(start, count);
        Storage.AddReference();
        long bytes = count == Count ? Volatile.Read(ref recordBytes) : Unknown;
        return new EventRun(Storage, this.start + start, count, bytes);
    }

    /// <summary>The events in [startTime, endTime) with references of their own; null when there are none.</summary>
    public EventRun? Range(ulong startTime, ulong endTime)
    {
        (int first, int count) = IndexRange(startTime, endTime);
        return count == 0 ? null : Slice(first, count);
    }

    public EventRun AddReference()
    {
        if (Interlocked.Increment(ref references) <= 1)
        {
            throw new ObjectDisposedException(nameof(EventRun), "a run was referenced after its release");
        }

        return this;
    }

    public void Release()
    {
        int after = Interlocked.Decrement(ref references);
        if (after == 0)
        {
            Storage.Release();
        }
        else if (after < 0)
        {
            throw new InvalidOperationException("a run was released more often than referenced");
        }
    }

    /// <summary>Where [startTime, endTime) lies among the entries.</summary>
    internal (int First, int Count) IndexRange(ulong startTime, ulong endTime)
    {
        ReadOnlySpan<EventEntry> entries = Entries;
        int first = EntrySearch.LowerBound(entries, startTime);
        int end = EntrySearch.EndBound(entries, endTime);
        return (first, Math.Max(0, end - first));
    }
}
