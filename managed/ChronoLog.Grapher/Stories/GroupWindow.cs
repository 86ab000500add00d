using ChronoLog.Core.Protocol;

namespace ChronoLog.Grapher.Stories;

/// <summary>The acceptance window in force: as set, or what the network between the group's Keepers and clients asks for.
/// On the role's strand.</summary>
/// <param name="set">Nanoseconds.</param>
/// <param name="follows">Whether it follows the Keepers' reports.</param>
internal sealed class GroupWindow(ulong set, bool follows)
{
    // More than a group has, restarts included; a stranger's inventions end here.
    private const int KeepersMax = 4096;

    private readonly Dictionary<ulong, ulong> reported = [];

    public void Report(ulong processId, ulong acceptanceTimeWindow)
    {
        if (follows && acceptanceTimeWindow > 0 && (reported.Count < KeepersMax || reported.ContainsKey(processId)))
        {
            reported[processId] = acceptanceTimeWindow;
        }
    }

    /// <summary>Nanoseconds; the greatest of those who are in the view.</summary>
    public ulong Of(GroupView? view)
    {
        ulong greatest = view?.Keepers.Max(keeper => (ulong?)reported.GetValueOrDefault(keeper.ProcessId)) ?? 0;
        return greatest > 0 ? greatest : set;
    }
}
