using ChronoLog.Core.Agents;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Transport.Rings;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Client;

/// <summary>
/// The rings that this process shares with Keepers: one per Keeper, for all stories; and the agent that watches them.
/// </summary>
/// <remarks>
/// All of it lives on a strand with a thread of its own, so that an application that blocks the thread pool in a dead
/// Keeper's full ring does not hold up what would free it. Recording threads see none of this: their writers' sets are
/// replaced under them.
/// A Keeper that is started again takes its rings up, under its process id: then nothing is to be done. When it stays
/// away, see RingSet.Failover.cs; new Keepers of the group, see RingSet.Joining.cs.
/// </remarks>
internal sealed partial class RingSet : IAgent, IAsyncDisposable
{
    private static readonly TimeSpan CloseDeadline = TimeSpan.FromSeconds(1);

    private readonly ulong clientId;
    private readonly IClientPorts ports;
    private readonly IRpcChannel portal;
    private readonly ClientOptions options;
    private readonly ILogger logger;
    private readonly Strand strand = new("chronolog rings");
    private readonly IAgentRun runner;
    private readonly CancellationTokenSource ending = new();
    private readonly Dictionary<ulong, KeeperRing> inUse = [];
    private readonly Dictionary<ulong, Task<KeeperRing>> opening = [];
    private readonly List<StoryPlacement> stories = [];
    private EventTimeBounds? bounds;
    private IReadOnlyList<ProcessTrouble> troubles = [];
    private bool isClosing;

    public RingSet(
        ulong clientId, IClientPorts ports, IRpcChannel portal, ClientOptions options, ILogger logger)
    {
        this.clientId = clientId;
        this.ports = ports;
        this.portal = portal;
        this.options = options;
        this.logger = logger;
        Session = ports.OpenSession(clientId);
        Session.ReplacesRings = true;
        watchNanoseconds = (long)WatchPeriod(options.FailoverAfter).TotalNanoseconds;
        runner = ports.Run(this, SleepMax, Failed);
        strand.Posted = runner.Wake;
        strand.Unhandled = Failed;
    }

    public string Name => strand.Name;

    public ITimers Timers => ports.Timers;

    /// <inheritdoc cref="IClientPorts.StaysOnContext"/>
    public bool StaysOnContext => ports.StaysOnContext;

    public IRecorderSession Session { get; }

    /// <summary>What the Visor said last of the groups' processes; replaced, never changed.</summary>
    public IReadOnlyList<ProcessTrouble> Troubles
    {
        set => Volatile.Write(ref troubles, value);
    }

    /// <summary>For a message: what keeps a group's processes from their work; null = nothing is known.</summary>
    public string? TroubleOf(uint group)
    {
        IEnumerable<string> known = Volatile.Read(ref troubles).Where(each => each.Group == group)
            .Select(static each => $"{each.Name}: {each.Trouble}");
        return string.Join("; ", known) is { Length: > 0 } text ? text : null;
    }

    /// <summary>Opens a story for recording into rings of the group, per the client's placement.</summary>
    /// <exception cref="ChronoLogException">
    /// NoKeepers: none that answers, or fewer than replicas; InvalidArgument: a level that its replicas do not allow.
    /// NotSupported: this process can't open the data plane of a Keeper on another node.
    /// </exception>
    public async Task<StoryPlacement> OpenAsync(StoryReply reply, CancellationToken cancellation)
    {
        ChronicleAttributes attributes = ChronicleAttributes.Parse(reply.Story.Attributes);
        var story = new StoryPlacement(reply.Story, reply.Group, attributes.Replicas);
        if (attributes.Durability == DurabilityLevel.Replicated && attributes.Replicas < 2)
        {
            throw new ChronoLogException(
                Status.InvalidArgument,
                $"story {story.Name} has durability=replicated and replicas=1: set the chronicle's replicas to 2");
        }

        await OnStrandAsync(() => PlaceAsync(story, cancellation)).ConfigureAwait(ports.StaysOnContext);
        return story;
    }

    /// <summary>The story was released: its rings stay, for others.</summary>
    public Task ForgetAsync(StoryPlacement story) => OnStrandAsync(() =>
    {
        stories.Remove(story);
        return Task.CompletedTask;
    });

    int IAgent.DoWork()
    {
        int done = strand.DoWork() + Mirror();
        long now = ports.Timers.MonotonicNanoseconds;
        if (now < nextWatch || isClosing || ending.IsCancellationRequested)
        {
            return done;
        }

        nextWatch = now + watchNanoseconds;
        strand.Post(_ => Watch(), null); // its continuations belong on the strand
        return done + strand.DoWork();
    }

    public async ValueTask DisposeAsync()
    {
        await OnStrandAsync(HandOverAsync).ConfigureAwait(ports.StaysOnContext);
        ChronoClient.Cancel(ending);
        runner.Dispose();
        Session.Dispose();
        await Task.WhenAll(inUse.Values.Concat(left).Select(CloseAsync)).ConfigureAwait(ports.StaysOnContext);
        await EndMirrorsAsync().ConfigureAwait(ports.StaysOnContext);
    }

    private async Task CloseAsync(KeeperRing ring)
    {
        await GiveBackAsync(ring.Channel, ring.Ring.RingId, CloseDeadline).ConfigureAwait(ports.StaysOnContext);
        await ring.Channel.DisposeAsync().ConfigureAwait(ports.StaysOnContext);
    }

    // A Keeper that does not answer sees the closed mark in the ring, or this process's end.
    private async Task GiveBackAsync(IRpcChannel channel, ulong ringId, TimeSpan deadline)
    {
        try
        {
            var request = new CloseRingRequest { ClientId = clientId, RingId = ringId };
            await channel.CallAsync(Methods.CloseRing, request, deadline).ConfigureAwait(ports.StaysOnContext);
        }
        catch (ChronoLogException)
        {
        }
    }

    private async Task OnStrandAsync(Func<Task> function)
    {
        try
        {
            await strand.InvokeAsync(() => new ValueTask(function()), ending.Token)
                .ConfigureAwait(ports.StaysOnContext);
        }
        catch (OperationCanceledException exception) when (ending.IsCancellationRequested)
        {
            throw new ChronoLogException(
                Status.NoConnection, "the client has left the deployment; connect again", exception);
        }
    }

    private async Task PlaceAsync(StoryPlacement story, CancellationToken cancellation)
    {
        List<ProcessIdentity> candidates = Candidates(story);
        if (candidates.Count < story.Replicas)
        {
            throw TooFew(story, candidates.Count);
        }

        int wanted = options.Placement == Placement.LocalFirst || story.Replicas > 1
            ? story.Replicas
            : candidates.Count;
        ChronoLogException? refusal = null;
        foreach (ProcessIdentity keeper in candidates)
        {
            if (story.Rings.Count == wanted)
            {
                break;
            }

            try
            {
                KeeperRing ring = await RingOfAsync(keeper, 0, options.CallDeadline, cancellation);
                if (!story.Rings.Contains(ring))
                {
                    story.Give(ring);
                }
            }
            catch (ChronoLogException exception)
            {
                refusal = exception; // another one of the group may take it
            }
        }

        if (story.Rings.Count < Math.Max(1, story.Replicas))
        {
            throw refusal ?? TooFew(story, story.Rings.Count);
        }

        // One of them may have been left while another one was opened.
        Renew(story);
        story.Writer = Session.OpenStory(
            story.Story.StoryId, options.Placement, [.. story.Rings.Select(each => each.Ring)], story.Replicas);
        story.Writer.FullTimeout = options.FullTimeout;
        story.Writer.Trouble = () => TroubleOf(story.Group.Group);
        stories.Add(story);
    }

    /// <summary>
    /// The group's Keepers, the one to go to first first: those of this node before others; where this client is already,
    /// then by its id, so that the clients of one node spread over the Keepers. Those that are silent now come last.
    /// </summary>
    private List<ProcessIdentity> Candidates(StoryPlacement story)
    {
        ILookup<bool, ProcessIdentity> keepers = story.Group.Keepers
            .OrderBy(keeper => keeper.ProcessId).ToLookup(IsNear);
        return [.. InTurn(keepers[true]).Concat(InTurn(keepers[false])).OrderBy(Distance)];
    }

    private IEnumerable<ProcessIdentity> InTurn(IEnumerable<ProcessIdentity> keepers)
    {
        List<ProcessIdentity> all = [.. keepers];
        int first = all.Count == 0 ? 0 : (int)(clientId % (ulong)all.Count);
        return all.Skip(first).Concat(all.Take(first));
    }

    private int Distance(ProcessIdentity keeper)
    {
        const int Silent = 4;
        int place = IsNear(keeper) ? 0 : 2;
        return !inUse.TryGetValue(keeper.ProcessId, out KeeperRing? ring) ? place + 1 : IsLost(ring) ? Silent : place;
    }

    private static ChronoLogException TooFew(StoryPlacement story, int candidates) => new(
        Status.NoKeepers,
        $"story {story.Name} has replicas={story.Replicas}, and group {story.Group.Group} has {candidates} keepers that can "
        + "take it: start another one");

    // Two stories that are acquired at once share the opening, and the ring.
    private async Task<KeeperRing> RingOfAsync(
        ProcessIdentity keeper, long capacityBytes, TimeSpan deadline, CancellationToken cancellation)
    {
        if (inUse.TryGetValue(keeper.ProcessId, out KeeperRing? ring))
        {
            return ring;
        }

        if (!opening.TryGetValue(keeper.ProcessId, out Task<KeeperRing>? opened))
        {
            opened = OpenRingAsync(keeper, capacityBytes, deadline);
            if (!opened.IsCompleted)
            {
                opening.Add(keeper.ProcessId, opened);
            }
        }

        return await opened.WaitAsync(cancellation);
    }

    private async Task<KeeperRing> OpenRingAsync(ProcessIdentity keeper, long capacityBytes, TimeSpan deadline)
    {
        try
        {
            return await OpenRingAsync(keeper, capacityBytes, deadline, isMirrored: !SharesMemory(keeper));
        }
        catch (ChronoLogException exception) when (IsStranger(keeper, exception))
        {
            return await OpenRingAsync(keeper, capacityBytes, deadline, isMirrored: true);
        }
        finally
        {
            opening.Remove(keeper.ProcessId);
        }
    }

    private async Task<KeeperRing> OpenRingAsync(
        ProcessIdentity keeper, long capacityBytes, TimeSpan deadline, bool isMirrored)
    {
        IRpcChannel channel = ports.Connector.Open(keeper.ServiceEndpoint);
        try
        {
            var request = new OpenRingRequest
            {
                ClientId = clientId,
                Host = ports.Host,
                Pid = ports.ProcessId,
                Mirrored = isMirrored,
                CapacityBytes = (ulong)(capacityBytes > 0 ? capacityBytes : options.RingCapacityBytes),
            };
            request.MirroredPaths.AddRange(
                inUse.Values.Where(static ring => ring.Mirror is not null).Select(static ring => ring.Path));
            OpenRingReply reply = await channel.CallAsync(Methods.OpenRing, request, deadline, ending.Token);
            if (inUse.Values.FirstOrDefault(known => known.Path == reply.Path) is { } same)
            {
                await channel.DisposeAsync();
                return Rename(same, keeper);
            }

            KeeperRing ring = await TakeAsync(keeper, channel, reply, isMirrored);
            inUse.Add(keeper.ProcessId, ring);
            return ring;
        }
        catch
        {
            await channel.DisposeAsync();
            throw;
        }
    }

    // An event goes to any Keeper of its set: the strictest of those that this client has met holds for all.
    private void TakeBounds(OpenRingReply reply)
    {
        if (reply.LateBoundNanoseconds > 0)
        {
            var said = new EventTimeBounds(reply.LateBoundNanoseconds, reply.FutureBoundNanoseconds);
            bounds = bounds is { } before ? before.Within(said) : said;
            Session.Bound(bounds.Value);
        }
    }

    private async Task<KeeperRing> TakeAsync(
        ProcessIdentity keeper, IRpcChannel channel, OpenRingReply reply, bool isMirrored)
    {
        try
        {
            ClockAgreement.Check(keeper, reply.KeeperTick, ports.Clock.Now);
            TakeBounds(reply);
            return await MapAsync(keeper, channel, reply, isMirrored);
        }
        catch (ChronoLogException)
        {
            await GiveBackAsync(channel, reply.RingId, options.CallDeadline);
            throw;
        }
    }

    // One ring is mapped once, or the two copies of an event would lie in it both. Asked by an outdated view, a Keeper that
    // was started anew has given it out under the id of its former process, which has left the group.
    private KeeperRing Rename(KeeperRing ring, ProcessIdentity keeper)
    {
        inUse.Remove(ring.Keeper.ProcessId);
        ring.Keeper = keeper;
        inUse[keeper.ProcessId] = ring;
        return ring;
    }

    private void Failed(Exception exception) =>
        logger.LogError(exception, "watching the rings of client {Client} failed; going on", clientId);
}
