using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Client;

/// <summary>A ring that this process shares with a Keeper, for as long as its memory is mapped. On the rings' strand.</summary>
internal sealed class KeeperRing(
    ProcessIdentity keeper, RecorderRing ring, IRpcChannel channel, OpenRingReply reply, RingMirror? mirror)
{
    /// <summary>As the view has it by which the ring was asked for last.</summary>
    public ProcessIdentity Keeper { get; set; } = keeper;

    public RecorderRing Ring { get; } = ring;

    public IRpcChannel Channel { get; set; } = channel;

    public long CapacityBytes { get; } = (long)reply.CapacityBytes;

    /// <summary>The Keeper's file: tells whether another opening gave out the same ring.</summary>
    public string Path { get; } = reply.Path;

    /// <summary>Carries the events to a Keeper of another node; null: the ring lies in memory shared with it.</summary>
    public RingMirror? Mirror { get; } = mirror;

    /// <summary>The story that was placed here last: by it the Visor is asked who is in the group.</summary>
    public StoryPlacement? Story { get; set; }

    /// <summary>The ring that it was left for; null while it is in use.</summary>
    public KeeperRing? Successor { get; set; }

    /// <summary>Everything that its Keeper had not consumed is with the successor.</summary>
    public bool IsMoved { get; set; }

    /// <summary>It breaks the protocol, or fits nowhere: what it holds stays for its Keeper.</summary>
    public bool IsStuck { get; set; }

    /// <summary>Somebody looks for a successor.</summary>
    public bool IsSeeking { get; set; }

    /// <summary>Monotonic nanoseconds of the next look for one.</summary>
    public long NextTry { get; set; }

    /// <summary>Who has its events now: itself, or the last in the chain of successors.</summary>
    public KeeperRing Current => Successor?.Current ?? this;
}
