using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Visor.Clock;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Visor;

/// <summary>
/// Who is alive, and in which recording group; decides by heartbeats. The members that an earlier life of this Visor
/// left behind are there from the start, as they were: who was alive then counts as alive, and has as long as everybody
/// else to be heard.
/// </summary>
internal sealed class ProcessRegistry
{
    // A heartbeat with more than this is cut: the Visor's memory is not the sender's to spend.
    private const int StatisticsMax = 256;

    /// <summary>A client acquires from a few groups, a Player follows a few; a stranger's list of a million ends here.</summary>
    public const int KnownGroupsMax = 4096;

    /// <summary>Characters: some sentences, with paths.</summary>
    private const int TroubleMax = 1024;

    private readonly IMetadataStore store;
    private readonly GroupRoster roster;
    private readonly IBaseClock clock;
    private readonly ITimers timers;
    private readonly VisorOptions options;
    private readonly ILogger logger;
    private readonly GroupViews views;
    private readonly Dictionary<ulong, RegisteredProcess> processes = [];
    private long lastLook;

    public ProcessRegistry(
        IMetadataStore store, GroupRoster roster, IBaseClock clock, ITimers timers, VisorOptions options, ILogger logger)
    {
        (this.store, this.roster, this.clock, this.timers) = (store, roster, clock, timers);
        (this.options, this.logger) = (options, logger);
        views = new GroupViews(roster, clock);
        lastLook = timers.MonotonicNanoseconds;
        foreach (MemberRecord member in roster.Members.Where(member => member.State != MemberState.Left))
        {
            Restore(member);
        }

        Publish(roster.Members.Select(member => member.Group));
    }

    public IEnumerable<RegisteredProcess> Processes => processes.Values;

    public RegisteredProcess? Find(ulong processId) => processes.GetValueOrDefault(processId);

    public GroupView? Group(uint group) => views.Find(group);

    /// <summary>Of the groups that somebody knows: the views that are newer than his.</summary>
    public IEnumerable<GroupView> NewerThan(IEnumerable<GroupEpoch> known) => known.Take(KnownGroupsMax)
        .Where(each => Group(each.Group)?.Epoch > each.Epoch)
        .Select(each => Group(each.Group)!);

    /// <summary>Groups that could record a story now: at least one Keeper is alive.</summary>
    public IEnumerable<GroupView> RecordingGroups => views.All.Where(group => group.Keepers.Count > 0);

    public RegisteredProcess Register(ProcessIdentity identity)
    {
        if (identity.Role is not (Role.Keeper or Role.Grapher or Role.Player))
        {
            throw Failure.Invalid($"a process of role {identity.Role} cannot register");
        }

        CheckEndpoints(identity);
        bool wasStranger = Find(identity.ProcessId)?.IsStranger ?? false;
        Evict(identity);
        if (processes.Count >= options.ProcessesMax)
        {
            throw Failure.TooMany("processes", options.ProcessesMax);
        }

        // A number that this store has not given out is another deployment's, or from before the metadata were lost: it
        // would be given to somebody else one day.
        ulong fresh = store.ReserveNumbers("process", 1);
        bool isUnknown = identity.ProcessId >= fresh;
        bool isStranger = isUnknown || wasStranger; // its number is ours from then on, its journal is what it was
        if (identity.ProcessId == 0 || isUnknown || processes.ContainsKey(identity.ProcessId))
        {
            identity.ProcessId = fresh;
        }

        roster.Join(identity, isStranger, clock.Now);
        var process = new RegisteredProcess(identity, timers.MonotonicNanoseconds) { IsStranger = isStranger };
        processes.Add(identity.ProcessId, process);
        Publish([process]);
        logger.LogInformation(
            "{Role} '{Name}' registered as process {Id} of group {Group} at {Endpoint}",
            identity.Role, identity.Name, identity.ProcessId, identity.Group, identity.ServiceEndpoint);
        return process;
    }

    /// <summary>Takes a heartbeat of a process that counts as alive; any other has to register again.</summary>
    public HeartbeatReply Hear(HeartbeatRequest heartbeat)
    {
        if (!processes.TryGetValue(heartbeat.ProcessId, out RegisteredProcess? process)
            || process.Identity.Epoch != heartbeat.Epoch)
        {
            return new HeartbeatReply { RegisterAgain = true };
        }

        if (!process.IsAlive)
        {
            return new HeartbeatReply { RegisterAgain = true, Fenced = true };
        }

        (process.LastHeard, process.IsHeard) = (timers.MonotonicNanoseconds, true);
        string trouble = heartbeat.Trouble;
        process.Trouble = trouble.Length > TroubleMax ? string.Concat(trouble.AsSpan(0, TroubleMax), "…") : trouble;
        process.Statistics.Clear();
        foreach ((string name, double value) in heartbeat.Statistics.Take(StatisticsMax))
        {
            process.Statistics[name] = value;
        }

        process.Clock = ClockReports.Keep(heartbeat.Clock);
        process.Tallies.Clear();
        foreach (StoryTally tally in heartbeat.Stories.Take(options.StoriesMax))
        {
            process.Tallies[tally.StoryId] = tally;
        }

        if (process.IsDraining != heartbeat.Draining)
        {
            process.IsDraining = heartbeat.Draining;
            Publish([process]);
        }

        GroupView? view = Group(process.Identity.Group);
        var reply = new HeartbeatReply { Group = view?.Epoch > heartbeat.GroupEpoch ? view : null };
        reply.OtherGroups.AddRange(NewerThan(heartbeat.OtherGroups));
        return reply;
    }

    public void Unregister(HeartbeatRequest leave)
    {
        if (processes.TryGetValue(leave.ProcessId, out RegisteredProcess? process)
            && process.Identity.Epoch == leave.Epoch)
        {
            roster.Leave(process.Identity);
            processes.Remove(leave.ProcessId);
            Publish([process]);
            logger.LogInformation("{Role} '{Name}' left", process.Identity.Role, process.Identity.Name);
        }
    }

    /// <summary>
    /// Declares dead whoever was silent for too long. The dead stay listed until they return, something replaces them,
    /// or they are declared lost. To be called twice in a heartbeat period.
    /// </summary>
    /// <returns>The processes that died just now.</returns>
    public IReadOnlyList<RegisteredProcess> DetectFailures()
    {
        Excuse();
        long limit = timers.MonotonicNanoseconds - (long)options.DeadAfter.TotalNanoseconds;
        List<RegisteredProcess> dead = [.. processes.Values.Where(each => each.IsAlive && each.LastHeard < limit)];
        if (dead.Count == 0)
        {
            return dead;
        }

        roster.Die(dead.Select(process => process.Identity));
        dead.ForEach(process => process.IsAlive = false);
        Publish(dead);
        foreach (RegisteredProcess process in dead)
        {
            logger.LogWarning(
                "{Role} '{Name}' at {Endpoint} was silent for {Seconds} s: declared dead",
                process.Identity.Role, process.Identity.Name, process.Identity.ServiceEndpoint,
                options.DeadAfter.TotalSeconds);
        }

        return dead;
    }

    /// <summary>An operator declares a dead Keeper lost for good.</summary>
    public LostRecord Lose(string name, uint? group)
    {
        List<RegisteredProcess> named =
        [
            .. processes.Values.Where(each => each.Identity.Role == Role.Keeper && each.Identity.Name == name
                && (group ?? each.Identity.Group) == each.Identity.Group),
        ];
        List<RegisteredProcess> dead = [.. named.Where(each => !each.IsAlive)];
        if (dead.Count != 1)
        {
            throw dead.Count > 1
                ? Failure.Invalid($"{dead.Count} dead keepers of several groups are called '{name}'; name the group")
                : named.Count > 0
                    ? Failure.NotDead(named[0], Silence(named[0]))
                    : Failure.NoDeadKeeper(name, group, [.. processes.Values.Where(IsDeadKeeper)]);
        }

        LostRecord record = roster.Lose(dead[0].Identity, clock.Now);
        processes.Remove(dead[0].Identity.ProcessId);
        Publish(dead);
        logger.LogWarning(
            "Keeper '{Name}' of group {Group} at {Endpoint} was declared lost: what it had not handed over is missing "
            + "from its stories, and no replay says so any more",
            name, record.Identity.Group, record.Identity.ServiceEndpoint);
        return record;
    }

    /// <summary>"alive", "suspect" or "dead". Suspect: two heartbeats are missing, or it was never heard.</summary>
    public string StateOf(RegisteredProcess process) =>
        !process.IsAlive ? "dead" : process.IsHeard && Silence(process) <= options.SuspectAfter ? "alive" : "suspect";

    private static bool IsDeadKeeper(RegisteredProcess process) =>
        !process.IsAlive && process.Identity.Role == Role.Keeper;

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

    private void Restore(MemberRecord member)
    {
        ProcessIdentity identity = member.Identity.Clone();
        if (identity.ProcessId == 0 || processes.ContainsKey(identity.ProcessId))
        {
            identity.ProcessId = store.ReserveNumbers("process", 1); // of a database that had no numbers
        }

        processes.Add(identity.ProcessId, new RegisteredProcess(identity, lastLook)
        {
            IsAlive = member.State == MemberState.Alive,
            IsHeard = false,
            IsStranger = member.IsStranger,
        });
    }

    // A restarted process replaces its former self. One whose place a living one has is turned away: the two would push
    // each other out, and a group would have two Graphers.
    private void Evict(ProcessIdentity newcomer)
    {
        List<RegisteredProcess> formers =
            [.. processes.Values.Where(each => GroupRoster.IsFormer(each.Identity, newcomer))];
        foreach (RegisteredProcess former in formers.Where(each => each.IsAlive && !IsItself(each.Identity, newcomer)))
        {
            if (StateOf(former) == "alive" || !former.IsHeard)
            {
                throw Failure.Taken(newcomer, former, Silence(former));
            }
        }

        formers.ForEach(former => processes.Remove(former.Identity.ProcessId));
    }

    // Two processes of one node cannot be bound to the same endpoint; and who took over a Keeper's number took over its
    // journal, which a living one holds locked.
    private static bool IsItself(ProcessIdentity former, ProcessIdentity newcomer) =>
        (former.Host == newcomer.Host && former.ServiceEndpoint == newcomer.ServiceEndpoint)
        || (former.ProcessId == newcomer.ProcessId && former.Epoch <= newcomer.Epoch);

    // When the Visor itself stood still (stopped, swapped out, its device stuck), nobody could be heard: that time is
    // nobody's silence, or all processes of the deployment would be declared dead at once.
    private void Excuse()
    {
        long now = timers.MonotonicNanoseconds;
        long stall = now - lastLook - (long)options.HeartbeatPeriod.TotalNanoseconds;
        lastLook = now;
        if (stall > 0)
        {
            foreach (RegisteredProcess process in processes.Values)
            {
                process.LastHeard = Math.Min(now, process.LastHeard + stall);
            }
        }
    }

    private TimeSpan Silence(RegisteredProcess process) => TimeSpan.FromTicks(
        (timers.MonotonicNanoseconds - process.LastHeard) / TimeSpan.NanosecondsPerTick);

    private void Publish(IEnumerable<RegisteredProcess> changed) =>
        Publish(changed.Select(process => process.Identity.Group));

    private void Publish(IEnumerable<uint> groups)
    {
        foreach (uint number in groups.Distinct().ToList())
        {
            views.Publish(number, processes.Values.Where(each => each.Identity.Group == number));
        }
    }
}
