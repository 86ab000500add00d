using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Visor.Clock;

namespace ChronoLog.Visor;

/// <summary>Composes the answer to <c>chronolog status</c> from the last heartbeats.</summary>
internal sealed class StatusReporter(
    ProcessIdentity self,
    ChronicleDirectory directory,
    ProcessRegistry registry,
    GroupRoster roster,
    ClientRegistry clients,
    ITimers timers)
{
    public StatusReply Report()
    {
        var reply = new StatusReply();
        reply.Processes.Add(new ProcessStatus { Identity = self, State = "alive", Clock = ClockReports.OfBase });
        foreach (RegisteredProcess process in registry.Processes.OrderBy(each => each.Identity.ProcessId))
        {
            reply.Processes.Add(Report(process));
        }

        foreach (var story in directory.Stories.OrderBy(each => each.Chronicle).ThenBy(each => each.Story))
        {
            reply.Stories.Add(Report(story));
        }

        foreach (ConnectedClient client in clients.Clients)
        {
            var status = new ClientStatus
            {
                ClientId = client.ClientId,
                Host = client.Request.Host,
                Pid = client.Request.Pid,
                Program = client.Request.Program,
                Stories = (uint)client.Held.Count,
                Clock = ClockReports.Age(client.Clock, (timers.MonotonicNanoseconds - client.LastHeard) / 1e9),
            };
            status.Environment.Add(client.Request.Environment);
            reply.Clients.Add(status);
        }

        reply.LostKeepers.AddRange(roster.Lost.Select(Describe));

        return reply;
    }

    public static LostKeeper Describe(LostRecord lost) =>
        new() { Identity = lost.Identity, Declared = lost.Declared, Returned = lost.Returned };

    private ProcessStatus Report(RegisteredProcess process)
    {
        double age = (timers.MonotonicNanoseconds - process.LastHeard) / 1e9;
        var status = new ProcessStatus
        {
            Identity = process.Identity,
            State = registry.StateOf(process),
            HeartbeatAgeSeconds = age,
            Trouble = process.Trouble,
            Clock = ClockReports.Age(process.Clock, age),
        };
        foreach ((string name, double value) in process.Statistics)
        {
            status.Statistics[name] = value;
        }

        return status;
    }

    private StoryStatus Report(StoryRecord story)
    {
        var status = new StoryStatus
        {
            Chronicle = story.Chronicle,
            Story = story.Story,
            StoryId = story.StoryId,
            Group = story.Groups.Count > 0 ? story.Groups[^1] : 0,
            Acquirers = (uint)clients.HolderCount(story.StoryId),
        };
        foreach (RegisteredProcess process in registry.Processes)
        {
            if (process.Tallies.TryGetValue(story.StoryId, out StoryTally? tally))
            {
                Add(status, process.Identity.Role, tally);
            }
        }

        return status;
    }

    private static void Add(StoryStatus status, Role role, StoryTally tally)
    {
        status.Late += tally.Late;
        switch (role)
        {
            case Role.Keeper:
                status.Hot += tally.Events;
                break;
            case Role.Grapher:
                status.Warm += tally.Events;
                status.Watermark = Math.Max(status.Watermark, tally.Watermark);
                break;
            default:
                status.Cold += tally.Events;
                break;
        }
    }
}
