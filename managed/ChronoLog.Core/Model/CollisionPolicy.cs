namespace ChronoLog.Core.Model;

/// <summary>What becomes of events of one story whose ticks are equal at the chronicle's granularity.</summary>
public enum CollisionPolicy
{
    /// <summary>All are kept, in order of EventSequence.</summary>
    Redundancy,

    /// <summary>The last one written is kept: the greatest EventSequence at full resolution.</summary>
    Idempotent,

    /// <summary>All are kept, in order of arrival at the Keepers.</summary>
    Ordering,

    /// <summary>Each gets a tick of its own: losers take the next free one.</summary>
    Sequentiality,
}
