using System.Diagnostics;
using ChronoLog.App.Deployment;

namespace ChronoLog.App.Job;

/// <summary>Whether a run of which there are files still goes on: it may have been killed on a node that is gone as well.</summary>
internal static class JobTrace
{
    // Node 0 writes every second; a listing of its folder shows that to other nodes.
    private static readonly TimeSpan WatchTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromMilliseconds(100);

    // More than clocks of nodes differ, on file systems where files have the times of those who write them.
    private static readonly TimeSpan OldAge = TimeSpan.FromMinutes(10);

    /// <summary>By its rank 0: on this node by its process, else by what it writes.</summary>
    public static async Task<bool> GoesOnAsync(JobDirectory run, CancellationToken cancellation)
    {
        if (HasEnded(run) || run.ReadRank(0) is not { } root)
        {
            return false;
        }

        if (DeploymentState.IsOfThisNode(root.Process))
        {
            return true; // it runs, else it had ended
        }

        string? first = LastWords(run);
        long begin = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(WatchPeriod);
        while (LastWords(run) == first)
        {
            if (Stopwatch.GetElapsedTime(begin) > WatchTime)
            {
                return false;
            }

            await timer.WaitForNextTickAsync(cancellation);
        }

        return true;
    }

    /// <summary>Whether it certainly has: it says so, its rank 0 was a process of this node and is gone, or its files are old.</summary>
    public static bool HasEnded(JobDirectory run) => run.Has(JobDirectory.Stopped) || IsRootGone(run)
        || JobDirectory.Now(run.Deployment) - run.LastWritten() > OldAge;

    /// <summary>Whether rank 0 was a process of this node, which does not run any more.</summary>
    public static bool IsRootGone(JobDirectory run) =>
        run.ReadRank(0) is { } root && DeploymentState.IsOfThisNode(root.Process) && !DeploymentState.IsRunning(root.Process);

    /// <summary>What node 0 wrote last: every second something else.</summary>
    public static string? LastWords(JobDirectory run) => JobDirectory.Read(run.NodeFolder, "0");
}
