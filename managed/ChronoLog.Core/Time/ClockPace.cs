namespace ChronoLog.Core.Time;

/// <summary>
/// When a process asks for the time again. Each moment costs certainty, a round of exchanges wins it back: so a round is
/// due when the clock's age has added a quarter of what the round trip costs anyway. On one machine, where that is some 30 us,
/// some three times a second; over a slow network, where asking more often would gain nothing, each longest period. Pure.
/// </summary>
internal static class ClockPace
{
    private const double AgeOverRoundTrip = 0.25;

    // Soon again at the beginning, when the drift is unknown and costs a microsecond of certainty per millisecond.
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(100);

    // Whatever a Visor says.
    private static readonly TimeSpan Most = TimeSpan.FromMinutes(1);

    /// <param name="estimate">As of the last round.</param>
    /// <param name="longest">Not less often than this,</param>
    /// <param name="told">unless the Visor said that so many ask it.</param>
    public static TimeSpan PauseAfter(in ClockEstimate estimate, TimeSpan longest, TimeSpan told)
    {
        double nanoseconds = AgeOverRoundTrip * estimate.Uncertainty / Math.Max(estimate.DriftUncertainty, 1e-9);
        TimeSpan due = TimeSpan.FromTicks((long)Math.Min(nanoseconds / 100, longest.Ticks));
        due = due > Least ? due : Least < longest ? Least : longest;
        told = told < Most ? told : Most;
        return due > told ? due : told;
    }
}
