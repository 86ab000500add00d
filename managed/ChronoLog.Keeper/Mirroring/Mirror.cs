using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Keeper.Ingestion;

namespace ChronoLog.Keeper.Mirroring;

/// <summary>
/// The Keeper's end of a ring whose client is on another node, and what its client has said. On the role's strand.
/// </summary>
internal sealed class Mirror(RingSession session, ITimers timers)
{
    private readonly List<Fence> fences = [];
    private int isAnnounced;

    public RingSession Session { get; } = session;

    public IRecordingRing Ring => Session.Ring;

    /// <summary>Spans that wait for their turn, questions that wait for news, fences that wait for both.</summary>
    public Waiters Waiters { get; } = new(timers);

    /// <summary>Monotonic nanoseconds: when its client was heard of last.</summary>
    public long Heard { get; set; } = timers.MonotonicNanoseconds;

    /// <summary>Spans that are being pulled or wait for their turn.</summary>
    public int Feeds { get; set; }

    /// <summary>The Keeper ends, and the client is to hand over what it has reserved.</summary>
    public bool IsClosing { get; set; }

    /// <summary>The ring is not served any more.</summary>
    public bool IsEnded { get; set; }

    /// <summary>
    /// The client has its end, as it says with its first question: before that it can't have recorded anything.
    /// </summary>
    public bool HasBegun { get; set; }

    /// <summary>Its positions are the last.</summary>
    public bool IsGone => IsEnded && (Session.IsDetached || Durable >= Ring.Consumed);

    public bool Is(MirrorIdentity ring) => Ring.ClientId == ring.ClientId && Ring.Path == ring.Path;

    /// <summary>The latest fence that somebody waits for, and the latest that the client has answered.</summary>
    public ulong FenceWanted { get; private set; }

    public ulong FenceTold { get; private set; }

    /// <summary>Nothing will be fed any more.</summary>
    public bool TakesNothing => IsEnded || Session.IsClosing || Session.IsDrained || Session.IsDetached;

    /// <summary>On the device. Not what the session says: another thread is just about to.</summary>
    public long Durable => Math.Min(Ring.Durable, Ring.Consumed);

    /// <summary>Positions have changed: true for the first who says so since <see cref="Hear"/>. From any thread.</summary>
    public bool TryAnnounce() => Interlocked.Exchange(ref isAnnounced, 1) == 0;

    /// <summary>Looks at the positions that were announced.</summary>
    public void Hear()
    {
        Volatile.Write(ref isAnnounced, 0);
        Waiters.Look();
    }

    /// <summary>What the client's end holds is waited for from now on.</summary>
    /// <param name="number">Greater than any before, those of earlier processes of this Keeper included.</param>
    /// <param name="patience">Of the whole.</param>
    public async ValueTask<bool> FenceAsync(ulong number, TimeSpan patience)
    {
        var fence = new Fence(number);
        FenceWanted = number;
        fences.Add(fence);
        Waiters.Look(); // answers the question that waits here
        bool isPassed = await Waiters.AwaitAsync(() => TakesNothing || fence.Tail <= Ring.Tail, patience);
        fences.Remove(fence);
        return isPassed;
    }

    /// <summary>The client has read the tail of its end after it had heard of a fence.</summary>
    public void Told(ulong number, long tail)
    {
        FenceTold = Math.Max(FenceTold, number);
        foreach (Fence fence in fences)
        {
            if (fence.Number <= number && fence.Tail == long.MaxValue)
            {
                fence.Tail = tail;
            }
        }

        Waiters.Look();
    }

    public MirrorReply Reply(ulong epoch)
    {
        long durable = Durable; // first: each position is at most the next one
        long consumed = Ring.Consumed;
        return new MirrorReply
        {
            Tail = (ulong)Ring.Tail,
            Consumed = (ulong)consumed,
            Durable = (ulong)durable,
            Fence = FenceWanted > FenceTold ? FenceWanted : 0,
            Closing = IsClosing,
            Closed = TakesNothing,
            Gone = IsGone,
            Epoch = epoch,
        };
    }

    private sealed class Fence(ulong number)
    {
        public ulong Number { get; } = number;

        public long Tail { get; set; } = long.MaxValue;
    }
}
