using ChronoLog.Core.Protocol;

namespace ChronoLog.Visor.Clock;

/// <summary>What processes say of their clocks, on its way from heartbeats to <c>chronolog clock</c>.</summary>
internal static class ClockReports
{
    private const int TickSourceMax = 32;

    /// <summary>The Visor's own: the clock that all others are compared with.</summary>
    public static ClockReport OfBase { get; } = new() { TickSource = "base" };

    /// <summary>A report as it is kept: it comes from anyone, and goes to terminals.</summary>
    public static ClockReport? Keep(ClockReport? report)
    {
        if (report is null || !double.IsFinite(report.DriftPartsPerMillion) || !double.IsFinite(report.AgeSeconds)
            || report.TickSource.Length > TickSourceMax || !report.TickSource.All(char.IsAsciiLetterOrDigit))
        {
            return null;
        }

        return report;
    }

    /// <summary>The report as it goes out: older by the time since it came.</summary>
    public static ClockReport? Age(ClockReport? report, double seconds)
    {
        ClockReport? aged = report?.Clone();
        if (aged is not null)
        {
            aged.AgeSeconds += seconds;
        }

        return aged;
    }
}
