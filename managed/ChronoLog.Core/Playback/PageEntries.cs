using System.Runtime.InteropServices;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;

namespace ChronoLog.Core.Playback;

/// <summary>
/// Entries that the merge gave and that are not in a page yet, with references on the runs that they came from; finds out
/// how many of them fill a page. Collecting entries first and copying records last gives every page a slab of exactly its
/// own size, and copies each record once.
/// </summary>
/// <param name="pageBytes">Most bytes of a page.</param>
/// <param name="stamped">Each record takes an arrival stamp along.</param>
/// <param name="isByArrival">Entries come from one run after the other, in whatever order.</param>
internal sealed class PageEntries(int pageBytes, bool stamped = false, bool isByArrival = false) : IDisposable
{

    // Header, the offset column's extra element, and padding of the records (7) and of the index column (4).
    private const int BytesFixed = ColumnImage.HeaderLength + 24;

    private const int FirstCapacity = 256;

    // Columns: time, client and offset of 8 bytes each, index of 4.
    private readonly int bytesPerEvent = 28 + (stamped ? EventEntry.StampLength : 0);

    private readonly List<EventRun> held = [];
    private EventEntry[] entries = EntryPool.Rent(FirstCapacity);
    private int start;
    private int end;
    private int counted;
    private int writtenOfFirst;
    private long bytes = BytesFixed;

    /// <summary>True when the counted entries fill a page: one more would not fit.</summary>
    public bool IsFull { get; private set; }

    /// <summary>Entries of the next page, as far as known.</summary>
    public ReadOnlySpan<EventEntry> Page => entries.AsSpan(start, counted);

    /// <summary>Bytes of the records of <see cref="Page"/>, arrival stamps included.</summary>
    public long RecordBytes => bytes - BytesFixed - ((long)ColumnImageDescriptor.EventBytes * counted);

    /// <summary>Entries here, those of later pages included.</summary>
    public int Count => end - start;

    /// <summary>Runs kept alive now; for tests of bounded memory.</summary>
    public int RunsHeld => held.Count;

    /// <summary>Keeps a run's records alive until every event of it was written. Adds a reference.</summary>
    public void Hold(EventRun run) => held.Add(run.AddReference());

    /// <summary>Room for the merge to write to.</summary>
    public Span<EventEntry> Room(int least)
    {
        if (entries.Length - end < least)
        {
            Grow(least);
        }

        return entries.AsSpan(end);
    }

    /// <summary>Takes the entries that were written to <see cref="Room"/> and counts how many of them fit the page.</summary>
    public void Added(int count)
    {
        end += count;
        CountFitting();
    }

    /// <summary>The last page of a limited read is cut short.</summary>
    public void Limit(ulong events)
    {
        if ((ulong)counted >= events)
        {
            foreach (ref readonly EventEntry beyond in Page[(int)events..])
            {
                bytes -= bytesPerEvent + beyond.Length;
            }

            counted = (int)events;
            IsFull = true;
        }
    }

    /// <summary>The page's entries were written: forgets them, and lets go of every run that has nothing more to give.</summary>
    public void Written()
    {
        EventSequence last = counted == 0 ? default : entries[start + counted - 1].Sequence;
        int written = counted;
        start += counted;
        counted = 0;
        bytes = BytesFixed;
        IsFull = false;
        if (isByArrival)
        {
            ReleaseWritten(written);
        }
        else if (written > 0)
        {
            ReleaseThrough(last);
        }

        CountFitting();
    }

    public void Dispose()
    {
        foreach (EventRun run in held)
        {
            run.Release();
        }

        held.Clear();
        EventEntry[] returned = entries;
        entries = [];
        start = end = counted = 0;
        if (returned.Length > 0)
        {
            EntryPool.Return(returned);
        }
    }

    private void CountFitting()
    {
        if (IsFull)
        {
            return;
        }

        ReadOnlySpan<EventEntry> fresh = entries.AsSpan(start + counted, end - start - counted);
        long sum = bytes;
        int fits = 0;
        foreach (ref readonly EventEntry entry in fresh)
        {
            long with = sum + bytesPerEvent + entry.Length;
            if (with > pageBytes && counted + fits > 0)
            {
                IsFull = true;
                break;
            }

            // The first event goes in whatever its size: a record larger than a page has a page of its own.
            sum = with;
            fits++;
        }

        counted += fits;
        bytes = sum;
    }

    // A run whose last event was written can have only duplicates of it left; the merge holds a reference of its own for those.
    private void ReleaseThrough(EventSequence last)
    {
        Span<EventRun> all = CollectionsMarshal.AsSpan(held);
        int kept = 0;
        foreach (EventRun run in all)
        {
            if (run.Last <= last)
            {
                run.Release();
            }
            else
            {
                all[kept++] = run;
            }
        }

        held.RemoveRange(kept, held.Count - kept);
    }

    private void ReleaseWritten(int written)
    {
        int through = 0;
        writtenOfFirst += written;
        while (through < held.Count && held[through].Count <= writtenOfFirst)
        {
            writtenOfFirst -= held[through].Count;
            held[through++].Release();
        }

        held.RemoveRange(0, through);
    }

    private void Grow(int least)
    {
        int left = end - start;
        EventEntry[] target = entries;
        if (left + least > entries.Length)
        {
            target = EntryPool.Rent(Math.Max(left + least, entries.Length * 2));
        }

        Array.Copy(entries, start, target, 0, left);
        if (!ReferenceEquals(target, entries))
        {
            EntryPool.Return(entries);
            entries = target;
        }

        start = 0;
        end = left;
    }
}
