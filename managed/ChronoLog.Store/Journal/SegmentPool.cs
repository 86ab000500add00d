using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Journal;

/// <summary>
/// The segment files of a directory: makes them ahead of need within the quota, takes back those that nothing points
/// into, and uses them again or deletes them. Thread-safe; files are created and deleted outside the lock's short
/// sections.
/// </summary>
internal sealed class SegmentPool : IDisposable
{
    private const long ReportPeriodMilliseconds = 1000;

    private readonly Lock gate = new();
    private readonly JournalOptions options;
    private readonly PosixDirectory directory;
    private readonly List<JournalSegment> unsynced = [];
    private readonly HashSet<PayloadBlock> live = new(ReferenceEqualityComparer.Instance);
    private readonly Stack<SegmentFile> returned = new();
    private readonly Stack<SegmentFile> doomed = new();
    private readonly Queue<SegmentFile> spares = new();
    private readonly int sparesMax;
    private long bytesUsed;
    private long sequence;
    private JournalState reported;
    private long reportedAt = -ReportPeriodMilliseconds;

    public SegmentPool(JournalOptions options, PosixDirectory directory, long lastSequence)
    {
        this.options = options;
        this.directory = directory;
        sequence = lastSequence;
        // Spares must not eat up a small quota: three quarters of it are for what is in use.
        sparesMax = (int)Math.Clamp(options.QuotaBytes / options.SegmentBytes / 4, 1, Math.Max(1, options.SparesMax));
    }

    public long BytesUsed => Interlocked.Read(ref bytesUsed);

    public JournalState State { get; private set; }

    public string? Trouble { get; private set; }

    /// <summary>A file for the next segment, or null when quota or disk are exhausted (the state says which).</summary>
    public SegmentFile? TryTake() => TryTakeSpare() ?? TryMake(isNeededNow: true);

    /// <summary>Adds a segment to those that a sync must cover. Before its first append.</summary>
    public void Track(JournalSegment segment)
    {
        lock (gate)
        {
            unsynced.Add(segment);
            live.Add(segment);
        }
    }

    /// <summary>A segment of an earlier run is in use again.</summary>
    public void Track(RecoveredSegment segment)
    {
        lock (gate)
        {
            live.Add(segment);
        }
    }

    /// <summary>Every segment that something points into, each with a reference for the caller.</summary>
    public List<PayloadBlock> TakeLive()
    {
        lock (gate)
        {
            return [.. live.Where(static segment => segment.TryAddReference())];
        }
    }

    /// <summary>The segments with something to sync, each with a reference for the caller, oldest first.</summary>
    public void TakeUnsynced(List<JournalSegment> target)
    {
        lock (gate)
        {
            foreach (JournalSegment segment in unsynced)
            {
                // A segment whose last reference is just going needs no sync: what it held is archived.
                if (segment.TryAddReference())
                {
                    target.Add(segment);
                }
            }
        }
    }

    /// <summary>Takes a sealed and wholly synced segment off the list.</summary>
    public void Untrack(JournalSegment segment)
    {
        lock (gate)
        {
            unsynced.Remove(segment);
        }
    }

    /// <summary>
    /// The last reference to a segment is gone. From any thread; the file is dealt with by a later preparation.
    /// </summary>
    public void Return(JournalSegment segment)
    {
        lock (gate)
        {
            unsynced.Remove(segment);
            live.Remove(segment);
            if (segment.Rewrite is { } rewrite)
            {
                segment.Rewrite = null;
                doomed.Push(rewrite); // it was made beyond the quota
            }

            // Deleted before its rewrite: alone, a recovery would take it for damaged.
            (segment.File.IsBroken ? doomed : returned).Push(segment.File);
        }
    }

    /// <summary>The file of an earlier run, whatever its size, counts from now on.</summary>
    public void Adopt(SegmentFile file) => Interlocked.Add(ref bytesUsed, file.Mapping.Length);

    /// <summary>
    /// The last reference to an adopted file is gone. It is not used again: its length and its blocks are another
    /// run's.
    /// </summary>
    public void Return(RecoveredSegment segment)
    {
        lock (gate)
        {
            live.Remove(segment);
            doomed.Push(segment.File);
        }
    }

    /// <summary>A new, zeroed file beyond the quota, for what a failed device holds unsynced.</summary>
    public SegmentFile MakeForRewrite()
    {
        long next;
        lock (gate)
        {
            next = ++sequence;
        }

        SegmentFile file = SegmentFile.Create(directory, next, options.SegmentBytes);
        Interlocked.Add(ref bytesUsed, options.SegmentBytes);
        return file;
    }

    /// <summary>Removes a file that nothing points into.</summary>
    public void Discard(SegmentFile file)
    {
        long length = file.Mapping.Length;
        file.Remove();
        Interlocked.Add(ref bytesUsed, -length);
    }

    /// <summary>
    /// Sees to it that there is a spare, keeps some of what was returned as further ones, and deletes the rest.
    /// </summary>
    public int Prepare()
    {
        int done = 0;
        while (Spares < sparesMax && (HasReturned || Spares == 0) && TryMake(isNeededNow: false) is { } made)
        {
            long ahead = Math.Min(options.PopulateAheadBytes, options.SegmentBytes);
            made.Mapping.Advise(0, ahead, PosixAdvice.PopulateWrite);
            lock (gate)
            {
                spares.Enqueue(made);
            }

            done++;
        }

        while (TakeReturned() is { } file)
        {
            Discard(file);
            done++;
        }

        return done;
    }

    public void Dispose()
    {
        while (TryTakeSpare() is { } left)
        {
            Discard(left);
        }

        while (TakeReturned() is { } file)
        {
            Discard(file);
        }
    }

    private bool HasReturned
    {
        get
        {
            lock (gate)
            {
                return returned.Count > 0;
            }
        }
    }

    private int Spares
    {
        get
        {
            lock (gate)
            {
                return spares.Count;
            }
        }
    }

    private SegmentFile? TryTakeSpare()
    {
        lock (gate)
        {
            return spares.TryDequeue(out SegmentFile? spare) ? spare : null;
        }
    }

    private SegmentFile? TakeReturned()
    {
        lock (gate)
        {
            return doomed.TryPop(out SegmentFile? file) || returned.TryPop(out file) ? file : null;
        }
    }

    // A quota that only keeps a spare from being made ahead is no trouble yet.
    private SegmentFile? TryMake(bool isNeededNow)
    {
        long next;
        SegmentFile? used;
        lock (gate)
        {
            used = returned.TryPop(out SegmentFile? file) ? file : null;
            if (used is null && bytesUsed + options.SegmentBytes > options.QuotaBytes)
            {
                ReportQuota(isNeededNow);
                return null;
            }

            next = ++sequence;
            Interlocked.Add(ref bytesUsed, used is null ? options.SegmentBytes : 0); // reserved before it is made
        }

        return Make(next, used);
    }

    private void ReportQuota(bool isNeededNow)
    {
        if (isNeededNow && State == JournalState.Ready) // once: a blocked writer asks again and again
        {
            Set(JournalState.QuotaReached,
                $"the journal in {directory.Path} uses its quota of {options.QuotaBytes} bytes; "
                + "it goes on when the Grapher has archived, or raise the quota");
        }
    }

    private SegmentFile? Make(long next, SegmentFile? used)
    {
        try
        {
            used?.Recycle(next);
            SegmentFile file = used ?? SegmentFile.Create(directory, next, options.SegmentBytes);
            Set(JournalState.Ready, null);
            return file;
        }
        catch (PosixException exception)
        {
            Set(exception.IsNoSpace ? JournalState.NoSpace : JournalState.DeviceFailed,
                $"a journal segment could not be made: {exception.Message}; free space or mend {directory.Path}");
            Drop(used);
            Interlocked.Add(ref bytesUsed, -options.SegmentBytes);
            return null;
        }
    }

    // It holds nothing any more, and does not count any more: so it must not keep its blocks.
    private static void Drop(SegmentFile? file)
    {
        try
        {
            file?.Remove();
        }
        catch (PosixException)
        {
            // The device is in trouble, which is being reported; the recovery of the next start removes the file.
        }
    }

    private void Set(JournalState state, string? trouble)
    {
        lock (gate)
        {
            Trouble = trouble;
            State = state;
            Report(state, trouble);
        }
    }

    // A journal at its quota gets a segment now and then, and comes to the quota again at once: a line a second is
    // enough. What was told is told to be over; a device that refuses is told each time that it begins to.
    private void Report(JournalState state, string? trouble)
    {
        long now = Environment.TickCount64;
        bool isTold = state == JournalState.QuotaReached && now - reportedAt < ReportPeriodMilliseconds;
        if (state == reported || isTold)
        {
            return;
        }

        reported = state;
        reportedAt = state == JournalState.QuotaReached ? now : reportedAt;
        options.StateChanged?.Invoke(state, trouble ?? $"the journal in {directory.Path} takes events again");
    }
}
