using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Interop.Ring;

namespace ChronoLog.Transport.Rings;

/// <summary>
/// The recording side of one connected client: its clock, its sequence of ticks and indexes, and the rings that Keepers
/// have opened for it. Thread-safe; rings may come and go while other threads record.
/// </summary>
public sealed partial class RecorderSession : IRecorderSession
{
    /// <summary>Every file that a Keeper offers for mapping has such a name: anything else is refused.</summary>
    internal const string FilePrefix = "chronolog-";

    private readonly RecorderHandle handle;
    private readonly uint trustedUser;

    /// <param name="clientId">Issued by the Visor.</param>
    /// <param name="clock">To be set before the first story is opened; stays the caller's.</param>
    /// <param name="trustedUser">Keepers' user id besides root and this process's own; none by default.</param>
    public RecorderSession(ulong clientId, SharedClock clock, uint? trustedUser = null)
    {
        ClientId = clientId;
        Clock = clock;
        this.trustedUser = trustedUser ?? 0;
        handle = RecorderHandle.Create(clientId, clock.Handle);
    }

    public ulong ClientId { get; }

    public SharedClock Clock { get; }

    /// <summary>The tick given last and the index to be given next.</summary>
    public (ulong Tick, uint Index) Last => handle.Last();

    /// <summary>How far from now the caller's own ticks may lie; 30 days and a second unless set.</summary>
    public void Bound(EventTimeBounds bounds) => handle.SetBounds(bounds.LateNanoseconds, bounds.FutureNanoseconds);

    /// <summary>Maps the ring that a Keeper has opened, after checking file, owner and header.</summary>
    /// <exception cref="ChronoLogException">
    /// NotAuthorized (another user's: to be mirrored), Corrupt, ProtocolVersionMismatch, LimitExceeded, NoSpace.
    /// </exception>
    public RecorderRing AddRing(string path, ulong ringId)
    {
        if (!Path.IsPathRooted(path) || !Path.GetFileName(path).StartsWith(FilePrefix, StringComparison.Ordinal))
        {
            throw new ChronoLogException(Status.InvalidArgument, $"'{path}' is not the name of a ring");
        }

        int slot = handle.AddRing(path, ringId, trustedUser, out NativeError error);
        return slot >= 0
            ? new RecorderRing(slot, ringId, path)
            : throw NativeFailure.Exception(slot, $"mapping ring '{path}'", error.Message);
    }

    /// <inheritdoc cref="AddRing(string, ulong)"/>
    public RecorderRing AddRing(OpenRingReply reply) => AddRing(reply.Path, reply.RingId);

    /// <summary>Maps the client's end of a mirrored ring, and takes its name away.</summary>
    public RecorderRing AddRing(IMirroredRing ring)
    {
        RecorderRing added = AddRing(ring.Path, ring.RingId);
        ring.Unlink();
        return added;
    }

    /// <summary>Closes the ring for further events, and takes it out if the Keeper has consumed all of it.</summary>
    /// <returns>False: not consumed yet; flush and try again.</returns>
    public bool TryRetireRing(RecorderRing ring)
    {
        int status = handle.RetireRing(ring.Slot, abandon: false);
        return status == NativeStatus.Ok
            || (status == NativeStatus.WouldBlock
                ? false
                : throw NativeFailure.Exception(status, $"retiring ring '{ring.Path}'"));
    }

    /// <summary>
    /// Takes a dead Keeper's ring out. What was not consumed stays in its file; a flush that
    /// covers it fails with NoKeepers.
    /// </summary>
    public void AbandonRing(RecorderRing ring)
    {
        int status = handle.RetireRing(ring.Slot, abandon: true);
        if (status != NativeStatus.Ok)
        {
            throw NativeFailure.Exception(status, $"abandoning ring '{ring.Path}'");
        }
    }

    /// <summary>How far a ring has got.</summary>
    public RingPositions Positions(RecorderRing ring)
    {
        int status = handle.RingPositions(ring.Slot, out ulong tail, out ulong consumed, out ulong durable);
        return status == NativeStatus.Ok
            ? new RingPositions(tail, consumed, durable)
            : throw NativeFailure.Exception(status, $"looking at ring '{ring.Path}'");
    }

    /// <summary>Opens a story for recording into the given rings; the clock must be set.</summary>
    /// <param name="storyId">Of the story.</param>
    /// <param name="placement">With replicas, the order of the rings.</param>
    /// <param name="rings">As many as replicas, at least.</param>
    /// <param name="replicas">Rings that get each event.</param>
    public StoryWriter OpenStory(
        ulong storyId, Placement placement, IReadOnlyList<RecorderRing> rings, int replicas = 1)
    {
        StoryWriterHandle? opened = StoryWriterHandle.Open(handle, storyId, (int)placement, out int status);
        if (opened is null)
        {
            throw NativeFailure.Exception(status, $"opening story {storyId:x16} for recording");
        }

        status = opened.SetReplicas(replicas);
        if (status != NativeStatus.Ok)
        {
            throw NativeFailure.Exception(status, $"opening story {storyId:x16} with {replicas} replicas");
        }

        var writer = new StoryWriter(opened, storyId, replicas);
        writer.SetRings(rings);
        return writer;
    }

    IStoryWriter IRecorderSession.OpenStory(
        ulong storyId, Placement placement, IReadOnlyList<RecorderRing> rings, int replicas) =>
        OpenStory(storyId, placement, rings, replicas);

    /// <summary>Blocks until everything recorded so far, in any story, has reached the level.</summary>
    /// <param name="level">Up to <see cref="DurabilityLevel.Synced"/>: what rings know.</param>
    /// <param name="timeout">Zero only looks.</param>
    /// <exception cref="ChronoLogException">TimedOut, NoKeepers, NotSupported.</exception>
    public void Flush(DurabilityLevel level, TimeSpan timeout) =>
        FlushWait.Check(
            handle.Flush(FlushWait.NativeLevel(level), FlushWait.Nanoseconds(timeout)), level, "the client");

    /// <summary>True when everything recorded so far has reached the level; never waits.</summary>
    public bool TryFlush(DurabilityLevel level) =>
        FlushWait.IsReached(handle.Flush(FlushWait.NativeLevel(level), 0), level, "the client");

    /// <summary>
    /// Ends recording: rings are closed in order, and every later call fails. What was recorded is not waited for:
    /// flush first. The mappings go with the last reference to the session and its writers.
    /// </summary>
    public void Dispose() => handle.CloseRecorder();
}
