namespace ChronoLog.Transport.Timing;

/// <summary>Something with a deadline, linked into at most one <see cref="DeadlineWheel"/>.</summary>
internal abstract class WheelNode
{
    internal const int NotInWheel = -1;

    internal WheelNode? Previous { get; set; }

    internal WheelNode? Next { get; set; }

    internal int Slot { get; set; } = NotInWheel;

    /// <summary>Number of the wheel's tick at which it expires.</summary>
    internal long DueTick { get; set; }
}
