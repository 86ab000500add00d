using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Journal;

/// <summary>
/// The journal on segment files: preallocated, mapped shared, written by one copy from the ring. A batch survives the
/// death of the process as soon as it is appended (the pages belong to the kernel), and a power cut once <see
/// cref="Sync"/> covered it.
/// </summary>
/// <remarks>
/// Threads: one writer (<see cref="TryAppend"/>), one that syncs, one that prepares, and anyone who drops a segment's
/// last reference. The writer completes a batch, publishes its segment's end, then <c>appended</c>; the syncing thread
/// reads
/// <c>appended</c> first and the ends after, so what it syncs covers at least the number that it returns.
/// </remarks>
public sealed class SegmentJournal : IJournal
{
    private const string LockName = "lock";

    private readonly PosixDirectory directory;
    private readonly PosixFile lockFile;
    private readonly SegmentPool pool;
    private readonly JournalSync sync;
    private readonly SegmentRecovery recovery;
    private readonly JournalOptions options;
    private ulong processId;
    private ulong epoch;
    private ulong owner;
    private JournalSegment? active;
    private long appended;
    private long synced;
    private bool disposed;

    /// <summary>Opens the directory, which no other Keeper may be using.</summary>
    /// <exception cref="ChronoLogException"><see cref="Status.Acquired"/>: another process has it.</exception>
    /// <exception cref="PosixException">The directory can't be made or opened.</exception>
    public SegmentJournal(JournalOptions options)
        : this(options, static (file, offset, length) => file.Mapping.Sync(offset, length))
    {
    }

    /// <param name="options">Where and how large.</param>
    /// <param name="syncRange">Brings a range of a segment to the device; a test makes it fail.</param>
    internal SegmentJournal(JournalOptions options, Action<SegmentFile, long, long> syncRange)
    {
        options.Check();
        this.options = options;
        directory = PosixDirectory.OpenOrCreate(options.Directory);
        lockFile = directory.OpenFile(LockName, PosixOpen.ReadWrite | PosixOpen.Create);
        if (!lockFile.TryLock())
        {
            lockFile.Dispose();
            directory.Dispose();
            throw new ChronoLogException(
                Status.Acquired,
                $"the journal directory {options.Directory} is in use by another Keeper; give each one its own");
        }

        owner = JournalOwner.Read(lockFile);

        // Now, and not at the recovery: what this journal makes meanwhile is not an earlier run's.
        IEnumerable<string> paths = System.IO.Directory.EnumerateFileSystemEntries(options.Directory);
        List<string> found = [.. paths.Select(path => Path.GetFileName(path))];
        long last = found.Max(name => SegmentFile.SequenceOf(SegmentFile.DamagedName(name) ?? name)) ?? 0;
        pool = new SegmentPool(options, directory, last);
        sync = new JournalSync(pool, syncRange);
        recovery = new SegmentRecovery(directory, found, pool, syncRange);
    }

    /// <summary>Where the segments are.</summary>
    public string Directory => options.Directory;

    public long BytesUsed => pool.BytesUsed;

    public long BytesQuota => options.QuotaBytes;

    public long Appended => Volatile.Read(ref appended);

    public long Synced => Volatile.Read(ref synced);

    public int BatchBytesMax => (int)Math.Min(
        int.MaxValue, options.SegmentBytes - SegmentHeader.PageLength - 2 * BatchHeader.Length - BatchHeader.Alignment);

    public JournalState State => sync.Trouble is null ? pool.State : JournalState.DeviceFailed;

    public string? Trouble => sync.Trouble ?? pool.Trouble;

    public void Identify(ulong processId, ulong epoch)
    {
        this.processId = processId;
        this.epoch = epoch;
        if (processId == 0 || processId == owner)
        {
            return;
        }

        try
        {
            JournalOwner.Write(lockFile, processId);
            owner = processId;
        }
        catch (PosixException)
        {
            // A full or failing disk: segments say it too, as long as there are any.
        }
    }

    public JournalRecovery Recover(RecoveredBatchTaker take)
    {
        if (Appended != 0 || active is not null)
        {
            throw new InvalidOperationException("a journal is recovered before it is written to");
        }

        JournalRecovery found = recovery.Run(take);
        return found.ProcessId == 0 ? found with { ProcessId = owner } : found;
    }

    public void Revisit(RecoveredBatchTaker take)
    {
        List<PayloadBlock> segments = pool.TakeLive();
        try
        {
            foreach (PayloadBlock segment in segments)
            {
                JournalRevisit.Give(segment, take);
            }
        }
        finally
        {
            segments.ForEach(static segment => segment.Release());
        }
    }

    public bool TryAppend(in BatchOrigin origin, ReadOnlySpan<byte> frames, out JournalSpan copy)
    {
        JournalSegment? segment = active;
        if ((segment is null || !segment.HasRoom(frames.Length) || sync.WantsNewSegment(segment))
            && (segment = TryRotate(frames.Length)) is null)
        {
            copy = default;
            return false;
        }

        long number = appended + 1;
        nint address = segment.Append(origin, frames, number, UnsyncedAt(number));
        Volatile.Write(ref appended, number);
        copy = new JournalSpan(segment, address, frames.Length, number);
        return true;
    }

    public long Sync()
    {
        long number = Volatile.Read(ref appended);
        if (number > synced)
        {
            sync.Run();
            Volatile.Write(ref synced, number);
        }

        return synced;
    }

    public int Prepare()
    {
        int done = pool.Prepare();
        JournalSegment? segment = Volatile.Read(ref active);
        if (segment is not null && segment.TryAddReference())
        {
            done += Populate(segment);
            segment.Release();
        }

        return done;
    }

    /// <summary>
    /// Ends the journal: no appends, syncs or preparations may be running. Segments that nothing points into are
    /// deleted, all others stay for a recovery. Entries that point into any of them must not be followed any more.
    /// </summary>
    public void Dispose()
    {
        if (disposed)
        {
            return;
        }

        disposed = true;
        active?.Release();
        active = null;
        pool.Dispose();
        lockFile.Dispose();
        directory.Dispose();
    }

    private uint UnsyncedAt(long number) => (uint)Math.Min(number - Volatile.Read(ref synced), uint.MaxValue);

    private JournalSegment? TryRotate(int byteLength)
    {
        if (byteLength > BatchBytesMax)
        {
            throw new ChronoLogException(
                Status.LimitExceeded,
                $"a batch of {byteLength} bytes does not fit a journal segment ({BatchBytesMax} bytes of frames)");
        }

        if (pool.TryTake() is not { } file)
        {
            return null;
        }

        var next = new JournalSegment(pool, file, processId, epoch, appended + 1);
        pool.Track(next);
        JournalSegment? previous = active;
        Volatile.Write(ref active, next);
        previous?.Seal(appended, UnsyncedAt(appended));
        previous?.Release();
        return next;
    }

    private int Populate(JournalSegment segment)
    {
        long wanted = Math.Min(segment.End + options.PopulateAheadBytes, segment.Length);
        long from = Math.Max(segment.PopulatedEnd, segment.End) & ~(SegmentHeader.PageLength - 1L);
        // Small steps are not worth the call: half the window is still ahead of the writer.
        bool isSmall = wanted - from < options.PopulateAheadBytes / 2 && wanted < segment.Length;
        if (isSmall || wanted <= from)
        {
            return 0;
        }

        segment.File.Mapping.Advise(from, wanted - from, PosixAdvice.PopulateWrite);
        segment.PopulatedEnd = wanted;
        return 1;
    }
}
