using ChronoLog.Core.Model;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Memory;

namespace ChronoLog.Tests.Simulation.Checking;

/// <summary>An event as its client knows it.</summary>
internal sealed class RecordedEvent(EventSequence sequence, byte[] record)
{
    private readonly List<SimNode> nodes = [];

    public EventSequence Sequence => sequence;

    public byte[] Record => record;

    /// <summary>Where its rings lie: of a mirrored one, both ends.</summary>
    public IReadOnlyList<SimNode> Nodes => nodes;

    public string Places => string.Join(", ", nodes.Select(static node => node.Name));

    /// <summary>Its tick is the application's own: it may come below a watermark, and then counts as late.</summary>
    public bool IsGiven { get; init; }

    /// <summary>It was seen to come below a watermark that had been stated.</summary>
    public bool CameLate { get; set; }

    public EventFate Fate { get; set; }

    /// <summary>Number of the return of its log_event, in the order of all; 0 = it has not returned.</summary>
    public long Returned { get; set; }

    /// <summary>The highest level that a flush covering it has confirmed.</summary>
    public DurabilityLevel Confirmed { get; set; } = DurabilityLevel.Accepted;

    /// <summary>
    /// Power went where it lay, and no level that survives this had been confirmed; its client died, and had not handed it
    /// over to another node yet; or its story is being destroyed.
    /// </summary>
    public bool MayBeLost { get; set; }

    /// <summary>World nanoseconds: who asks later must not see it, for its story was destroyed by then.</summary>
    public long GoneAt { get; set; } = long.MaxValue;

    /// <summary>It lies in a ring.</summary>
    public void Enter(RingMemory ring)
    {
        Visit(ring.Node);
        if (ring.KeeperEnd is { } end)
        {
            Visit(end.Node);
            MayBeLost |= end.TakesNothing; // it waits for another Keeper, and nobody there knows
        }
    }

    private void Visit(SimNode node)
    {
        if (!nodes.Contains(node))
        {
            nodes.Add(node);
        }
    }

    /// <summary>It has to be in every replay that is called complete.</summary>
    public bool IsPromised(long returnedBefore) => Returned > 0 && Returned <= returnedBefore && !MayBeLost;
}
