using ChronoLog.Interop.Fabric;

namespace ChronoLog.Transport.Timing;

/// <summary>Sleeps of less than a millisecond, for agents that are to notice work sooner than the runtime's waits allow.</summary>
public static class BriefSleep
{
    /// <param name="duration">Up to a second; the system adds its timer slack of about 50 µs.</param>
    public static void For(TimeSpan duration) =>
        ShortSleep.Microseconds((int)Math.Clamp(duration.TotalMicroseconds, 0, 999_999));
}
