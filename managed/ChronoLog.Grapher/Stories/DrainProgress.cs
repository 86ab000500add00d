using ChronoLog.Core.Protocol;

namespace ChronoLog.Grapher.Stories;

/// <summary>How far each Keeper has handed over its events of one story.</summary>
internal sealed class DrainProgress
{
    /// <summary>Far more than a group has, restarts included; a stranger's inventions end here.</summary>
    private const int KeepersMax = 4096;

    private readonly Dictionary<ulong, (ulong Epoch, ulong Through)> keepers = [];

    /// <summary>
    /// Books a report. One of an earlier epoch than known is ignored; within an epoch progress never goes back.
    /// </summary>
    public void Report(ulong processId, ulong epoch, ulong through)
    {
        bool isKnown = keepers.TryGetValue(processId, out (ulong Epoch, ulong Through) known);
        bool isProgress = epoch > known.Epoch || (epoch == known.Epoch && through > known.Through);
        if (isKnown ? isProgress : keepers.Count < KeepersMax)
        {
            keepers[processId] = (epoch, through);
        }
    }

    /// <summary>
    /// The tick below which every Keeper of the view has handed over everything: 0 as long as one has not reported or
    /// there is no view, no bound when the group has no Keeper left.
    /// </summary>
    public ulong Through(GroupView? view)
    {
        if (view is null)
        {
            return 0;
        }

        ulong through = ulong.MaxValue;
        // The dead count too: what they did not hand over lies in their journals and is missing here.
        foreach (ProcessIdentity keeper in view.Keepers.Concat(view.DeadKeepers))
        {
            bool reported = keepers.TryGetValue(keeper.ProcessId, out (ulong Epoch, ulong Through) known)
                && known.Epoch == keeper.Epoch;
            through = Math.Min(through, reported ? known.Through : 0);
        }

        return through;
    }
}
