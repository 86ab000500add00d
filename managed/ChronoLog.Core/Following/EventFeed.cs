using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using Google.Protobuf;

namespace ChronoLog.Core.Following;

/// <summary>
/// The batches of a story's events that arrived lately, numbered in order of arrival. Bounded by bytes. Thread-safe: an
/// ingestion thread appends, the role's strand reads.
/// </summary>
/// <param name="id">Never that of another feed, of this process or an earlier one.</param>
/// <param name="storyId">The story.</param>
/// <param name="bytesMax">Most bytes of images that are kept.</param>
/// <param name="pausesWhenFull">
/// True: a full feed drops everything, and copies nothing any more until somebody has read, so that a flood costs the
/// writer nothing. False: it drops the oldest, so that one slow reader does not disturb the others.
/// </param>
public sealed class EventFeed(ulong id, ulong storyId, long bytesMax, bool pausesWhenFull)
{
    /// <summary>What is larger than half of what a reply on the control plane may be comes by replay, over RMA.</summary>
    public const int ImageBytesMax = 4 << 20;

    /// <summary>
    /// Many events are cut into images of so much, so that an answer can be as small as <see cref="FollowServiceOptions"/>
    /// wants it with thousands of followers. One of a larger event is larger.
    /// </summary>
    private const int PartBytes = 60 << 10;

    /// <summary>Beside an image: the objects around it.</summary>
    private const int BatchOverhead = 128;

    private readonly Lock gate = new();
    private readonly Queue<Batch> batches = new();
    private readonly ForgottenBatches forgotten = new();
    private ulong first;
    private long bytes;
    private bool isPaused;
    private int isSignalled;

    public ulong Id { get; } = id;

    public long BytesMax { get; } = bytesMax;

    /// <summary>Called after an append, from the appending thread, at most once per <see cref="Rearm"/>.</summary>
    public Action? Appended { get; init; }

    /// <summary>Position behind the last batch.</summary>
    public ulong Next
    {
        get
        {
            lock (gate)
            {
                return first + (ulong)batches.Count;
            }
        }
    }

    /// <summary>Bytes kept now.</summary>
    public long Bytes
    {
        get
        {
            lock (gate)
            {
                return bytes;
            }
        }
    }

    /// <summary>Appends a copy of some events, in any order; their records may go afterwards.</summary>
    public void Append(ReadOnlySpan<EventEntry> events)
    {
        while (!events.IsEmpty)
        {
            (int count, ulong oldest, long recordBytes) = Part(events);
            long length = ColumnImage.RequiredBytes(count, recordBytes);
            if (IsTaken(length, oldest))
            {
                Append(ImageOf(events[..count], recordBytes, (int)length), oldest);
            }
            else
            {
                Signal();
            }

            events = events[count..];
        }
    }

    /// <summary>Appends an image as it is.</summary>
    /// <param name="image">A valid column image with events.</param>
    /// <param name="oldest">Its smallest tick.</param>
    public void Append(ByteString image, ulong oldest)
    {
        lock (gate)
        {
            long size = image.Length + BatchOverhead;
            while (batches.Count > 0 && bytes + size > BytesMax)
            {
                Forget();
            }

            batches.Enqueue(new Batch(image, oldest));
            bytes += size;
        }

        Signal();
    }

    /// <summary>Events have passed that are not in the feed: every reader is told, and reads them by a replay.</summary>
    /// <param name="oldest">Their smallest tick; 0 = not known.</param>
    public void Skip(ulong oldest)
    {
        lock (gate)
        {
            SkipLocked(oldest);
        }

        Signal();
    }

    /// <summary>Lets <see cref="Appended"/> be called again. Before the feed is read.</summary>
    public void Rearm() => Volatile.Write(ref isSignalled, 0);

    /// <summary>Gives the images from a position on.</summary>
    /// <param name="position">Of the first one; at most <see cref="Next"/>.</param>
    /// <param name="bytesLimit">As many as fit, or one.</param>
    /// <param name="singleLimit">That one has at most so many bytes; a larger one is passed over, with all others.</param>
    /// <param name="target">Receives them.</param>
    /// <param name="next">The position behind them.</param>
    /// <param name="oldest">When false is returned: smallest tick of what was passed over; 0 = not known.</param>
    /// <returns>False when the position is not here any more; <paramref name="next"/> is then where to go on.</returns>
    public bool TryRead(
        ulong position, int bytesLimit, int singleLimit, ICollection<ByteString> target, out ulong next, out ulong oldest)
    {
        lock (gate)
        {
            isPaused = false;
            oldest = 0;
            if (position < first)
            {
                return PassOver(position, out next, out oldest);
            }

            next = position;
            long given = 0;
            foreach (Batch batch in batches.Skip((int)Math.Min(position - first, int.MaxValue)))
            {
                given += batch.Image.Length;
                if (given > bytesLimit && next > position)
                {
                    break;
                }

                if (given > bytesLimit && given > singleLimit)
                {
                    return PassOver(position, out next, out oldest);
                }

                target.Add(batch.Image);
                next++;
            }

            return true;
        }
    }

    private bool PassOver(ulong position, out ulong next, out ulong oldest)
    {
        next = first + (ulong)batches.Count;
        oldest = forgotten.OldestSince(position);
        foreach (Batch batch in batches.Skip((int)Math.Min(position - Math.Min(first, position), int.MaxValue)))
        {
            oldest = Math.Min(oldest, batch.Oldest);
        }

        return false;
    }

    // The first events that make an image; at least one.
    private static (int Count, ulong Oldest, long RecordBytes) Part(ReadOnlySpan<EventEntry> events)
    {
        int count = 0;
        ulong oldest = ulong.MaxValue;
        long recordBytes = 0;
        foreach (ref readonly EventEntry entry in events)
        {
            if (count > 0 && ColumnImage.RequiredBytes(count + 1, recordBytes + entry.Length) > PartBytes)
            {
                break;
            }

            count++;
            oldest = Math.Min(oldest, entry.EventTime);
            recordBytes += entry.Length;
        }

        return (count, oldest, recordBytes);
    }

    // Decided before anything is copied.
    private bool IsTaken(long length, ulong oldest)
    {
        lock (gate)
        {
            bool isFull = isPaused || (pausesWhenFull && batches.Count > 0 && bytes + length + BatchOverhead > BytesMax);
            if (!isFull && length <= ImageBytesMax && length + BatchOverhead <= BytesMax)
            {
                return true;
            }

            isPaused = pausesWhenFull;
            SkipLocked(oldest);
            return false;
        }
    }

    private ByteString ImageOf(ReadOnlySpan<EventEntry> events, long recordBytes, int length)
    {
        EventEntry[] sorted = EntryPool.Rent(events.Length);
        events.CopyTo(sorted);
        EntrySort.Sort(sorted.AsSpan(0, events.Length));
        var image = new byte[length];
        ColumnImage.Write(
            image, new ColumnImageHeader(storyId, 0, ulong.MaxValue), sorted.AsSpan(0, events.Length), recordBytes);
        EntryPool.Return(sorted);
        return UnsafeByteOperations.UnsafeWrap(image);
    }

    private void SkipLocked(ulong oldest)
    {
        while (batches.Count > 0)
        {
            Forget();
        }

        forgotten.Add(first, oldest);
        first++;
    }

    private void Forget()
    {
        Batch batch = batches.Dequeue();
        forgotten.Add(first, batch.Oldest);
        first++;
        bytes -= batch.Image.Length + BatchOverhead;
    }

    private void Signal()
    {
        if (Appended is not null && Interlocked.Exchange(ref isSignalled, 1) == 0)
        {
            Appended();
        }
    }

    private readonly record struct Batch(ByteString Image, ulong Oldest);
}
