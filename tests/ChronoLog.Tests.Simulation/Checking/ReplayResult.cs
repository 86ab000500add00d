using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Simulation.Checking;

/// <summary>A replay that came to its end.</summary>
/// <param name="Story">Its name.</param>
/// <param name="StartTime">Of the range.</param>
/// <param name="EndTime">Exclusive.</param>
/// <param name="AskedAt">World nanoseconds.</param>
/// <param name="ReturnedBefore">Returns of log_event before the replay was asked for.</param>
/// <param name="Events">In the order in which they came.</param>
/// <param name="Gaps">As stated.</param>
/// <param name="Watermark">As stated.</param>
internal sealed record ReplayResult(
    string Story, ulong StartTime, ulong EndTime, long AskedAt, long ReturnedBefore,
    IReadOnlyList<(EventSequence Sequence, byte[] Record)> Events, IReadOnlyList<Gap> Gaps, ulong Watermark)
{
    public bool IsComplete => Gaps.Count == 0;

    public bool IsWhole => StartTime == 0 && EndTime == ulong.MaxValue;

    public bool IsInGap(ulong tick) => Gaps.Any(gap => tick >= gap.StartTime && tick < gap.EndTime);

    public override string ToString() =>
        $"replay of {Story} [{StartTime}, {EndTime}): {Events.Count} events, watermark {Watermark}, "
        + (IsComplete ? "complete" : $"gaps {string.Join("; ", Gaps.Select(Describe))}");

    private static string Describe(Gap gap) => $"[{gap.StartTime}, {gap.EndTime}) {gap.Reason}";
}
