using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Processes;

namespace ChronoLog.Tests.Simulation.Bugs;

/// <summary>
/// Planted defects that are a role not knowing, or not saying, something: what it would know or say is taken out of the
/// messages between the wire and the role.
/// </summary>
internal static class BugTampering
{
    public static void Install(Deployment deployment)
    {
        PlantedBugs bugs = deployment.Bugs;
        if (bugs.All.Count == 0)
        {
            return;
        }

        ProcessIdentity? firstGrapher = null;
        deployment.Network.Tamper = (process, message) =>
        {
            if (bugs.Has(PlantedBug.GapsUnsaid) && process is Clients.ClientProcess)
            {
                DropGaps(message);
            }

            if (bugs.Has(PlantedBug.FollowerNotToldOfLoss) && process is Clients.ClientProcess
                && message is FollowReply { Oldest: > 0 } told)
            {
                told.Restarted = false;
            }

            if (bugs.Has(PlantedBug.ColdBeforeHot) && process is PlayerProcess player
                && message is OpenReadRequest asked)
            {
                player.Cold.TooEarly = [.. player.Archive.Visible(asked.Story)];
            }

            if (bugs.Has(PlantedBug.OwnTimesUnsaid) && process is PlayerProcess && message is OpenReadRequest { Story: { } read })
            {
                read.OwnTimes = false;
            }

            if (ViewOf(message) is { } view)
            {
                TamperView(bugs, process, view, ref firstGrapher);
            }
        };
    }

    private static void DropGaps(Google.Protobuf.IMessage message)
    {
        switch (message)
        {
            case OpenReadReply opened:
                opened.Gaps.Clear();
                break;
            case NextPageReply page:
                page.Gaps.Clear();
                break;
        }
    }

    private static GroupView? ViewOf(Google.Protobuf.IMessage message) => message switch
    {
        RegisterReply reply => reply.Group,
        HeartbeatReply reply => reply.Group,
        StartStoryRecordingRequest request => request.Group,
        _ => null,
    };

    private static void TamperView(
        PlantedBugs bugs, SimProcess process, GroupView view, ref ProcessIdentity? firstGrapher)
    {
        if (bugs.Has(PlantedBug.WatermarkIgnoresSilentKeeper) && process is GrapherProcess)
        {
            view.DeadKeepers.Clear();
            while (view.Keepers.Count > 1)
            {
                view.Keepers.RemoveAt(1);
            }
        }

        if (bugs.Has(PlantedBug.NoAnnouncementAfterGrapherRestart) && process is KeeperProcess
            && view.Grapher is not null)
        {
            firstGrapher ??= view.Grapher.Clone();
            view.Grapher.Epoch = firstGrapher.Epoch;
            view.Grapher.ProcessId = firstGrapher.ProcessId;
        }
    }
}
