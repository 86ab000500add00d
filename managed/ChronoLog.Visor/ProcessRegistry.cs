using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Visor;

/// <summary>Who is alive, and in which recording group; decides by heartbeats.</summary>
internal sealed class ProcessRegistry(
    IMetadataStore store, GroupRoster roster, IBaseClock clock, ITimers timers, VisorOptions options, ILogger logger)
{
    // A heartbeat with more than this is cut: the Visor's memory is not the sender's to spend.
    private const int StatisticsMax = 256;

    private readonly Dictionary<ulong, RegisteredProcess> processes = [];
    private readonly Dictionary<uint, GroupView> groups = [];

    public IEnumerable<RegisteredProcess> Processes => processes.Values;

    public IEnumerable<GroupView> Groups => groups.Values;

    public GroupView? Group(uint group) => groups.GetValueOrDefault(group);

    /// <summary>Groups that could record a story now: at least one Keeper is alive.</summary>
    public IEnumerable<GroupView> RecordingGroups => groups.Values.Where(group => group.Keepers.Count > 0);

    public RegisteredProcess Register(ProcessIdentity identity)
    {
        if (identity.Role is not (Role.Keeper or Role.Grapher or Role.Player))
        {
            throw Failure.Invalid($"a process of role {identity.Role} cannot register");
        }

        CheckEndpoints(identity);
        Evict(identity);
        if (processes.Count >= options.ProcessesMax)
        {
            throw Failure.TooMany("processes", options.ProcessesMax);
        }

        // A number that this store has not given out is another deployment's, or from before the metadata were lost: it
        // would be given to somebody else one day.
        ulong fresh = store.ReserveNumbers("process", 1);
        bool isStranger = identity.ProcessId >= fresh;
        if (identity.ProcessId == 0 || isStranger || processes.ContainsKey(identity.ProcessId))
        {
            identity.ProcessId = fresh;
        }

        roster.Join(identity);
        var process = new RegisteredProcess(identity, timers.MonotonicNanoseconds) { IsStranger = isStranger };
        processes.Add(identity.ProcessId, process);
        Publish(identity.Group);
        logger.LogInformation(
            "{Role} '{Name}' registered as process {Id} of group {Group} at {Endpoint}",
            identity.Role, identity.Name, identity.ProcessId, identity.Group, identity.ServiceEndpoint);
        return process;
    }

    /// <summary>Takes a heartbeat; null when the sender is not known as alive and has to register again.</summary>
    public RegisteredProcess? Hear(HeartbeatRequest heartbeat)
    {
        if (!processes.TryGetValue(heartbeat.ProcessId, out RegisteredProcess? process)
            || !process.IsAlive
            || process.Identity.Epoch != heartbeat.Epoch)
        {
            return null;
        }

        process.LastHeard = timers.MonotonicNanoseconds;
        process.Statistics.Clear();
        foreach ((string name, double value) in heartbeat.Statistics.Take(StatisticsMax))
        {
            process.Statistics[name] = value;
        }

        process.Tallies.Clear();
        foreach (StoryTally tally in heartbeat.Stories.Take(options.StoriesMax))
        {
            process.Tallies[tally.StoryId] = tally;
        }

        return process;
    }

    public void Unregister(HeartbeatRequest leave)
    {
        if (processes.TryGetValue(leave.ProcessId, out RegisteredProcess? process)
            && process.Identity.Epoch == leave.Epoch)
        {
            processes.Remove(leave.ProcessId);
            roster.Leave(process.Identity);
            Publish(process.Identity.Group);
            logger.LogInformation("{Role} '{Name}' left", process.Identity.Role, process.Identity.Name);
        }
    }

    /// <summary>Declares dead whoever was silent for too long. The dead stay listed until something replaces them.</summary>
    /// <returns>The processes that died just now.</returns>
    public IReadOnlyList<RegisteredProcess> DetectFailures()
    {
        long limit = timers.MonotonicNanoseconds - (long)options.DeadAfter.TotalNanoseconds;
        List<RegisteredProcess> dead = [.. processes.Values.Where(each => each.IsAlive && each.LastHeard < limit)];
        foreach (RegisteredProcess process in dead)
        {
            process.IsAlive = false;
            Publish(process.Identity.Group);
            logger.LogWarning(
                "{Role} '{Name}' at {Endpoint} was silent for {Seconds} s: declared dead",
                process.Identity.Role, process.Identity.Name, process.Identity.ServiceEndpoint,
                options.DeadAfter.TotalSeconds);
        }

        return dead;
    }

    private static void CheckEndpoints(ProcessIdentity identity)
    {
        const int TextMax = 512;
        foreach (string text in (string[])[identity.ServiceEndpoint, identity.AdminEndpoint, identity.Host, identity.Name])
        {
            if (text.Length is 0 or > TextMax)
            {
                throw Failure.Invalid($"a {identity.Role} must register with name, host and endpoints of 1 to {TextMax} characters");
            }
        }
    }

    // A restarted process replaces its former self: the one with the same role, group and name, or the same endpoint.
    private void Evict(ProcessIdentity newcomer)
    {
        foreach (RegisteredProcess former in processes.Values.ToList())
        {
            if (former.Identity.Role != newcomer.Role || former.Identity.Group != newcomer.Group)
            {
                continue;
            }

            if (former.Identity.Name == newcomer.Name || former.Identity.ServiceEndpoint == newcomer.ServiceEndpoint)
            {
                processes.Remove(former.Identity.ProcessId);
            }
            else if (newcomer.Role != Role.Keeper && former.IsAlive)
            {
                throw Failure.Invalid(
                    $"group {newcomer.Group} has a {newcomer.Role} already, '{former.Identity.Name}' at {former.Identity.ServiceEndpoint}");
            }
        }
    }

    private void Publish(uint number)
    {
        var view = new GroupView
        {
            Group = number,
            // Ticks as epochs: greater than any that an earlier life of this Visor gave out.
            Epoch = Math.Max(clock.Now, (groups.GetValueOrDefault(number)?.Epoch ?? 0) + 1),
        };
        foreach (RegisteredProcess process in processes.Values.Where(each => each.Identity.Group == number))
        {
            switch (process.Identity.Role)
            {
                case Role.Keeper when !process.IsAlive:
                    view.DeadKeepers.Add(process.Identity); // a replay says what may be missing because of it
                    break;
                case var _ when !process.IsAlive:
                    break;
                case Role.Keeper:
                    view.Keepers.Add(process.Identity);
                    break;
                case Role.Grapher:
                    view.Grapher = process.Identity;
                    break;
                default:
                    view.Player = process.Identity;
                    break;
            }
        }

        groups[number] = view;
    }
}
