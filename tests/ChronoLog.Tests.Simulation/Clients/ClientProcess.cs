using System.Globalization;
using ChronoLog.Core.Agents;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Network;
using ChronoLog.Tests.Simulation.Processes;

namespace ChronoLog.Tests.Simulation.Clients;

/// <summary>
/// An application on a Keeper's node: connects, acquires the stories, and then records, flushes, releases and replays
/// for as
/// long as the deployment is loaded. A thin client that speaks the real one's methods in the real one's order.
/// </summary>
internal sealed class ClientProcess(Deployment deployment, SimNode node, string name, int incarnation)
    : SimProcess(node, name, incarnation)
{
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ClockPeriod = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, StoryReply> stories = [];
    private Strand strand = null!;
    private SimRpcConnector connector = null!;
    private IRpcChannel portal = null!;
    private SimRecorder recorder = null!;
    private SimReader reader = null!;
    private uint pid;
    private ulong session;
    private bool isOpening;
    private int writersBusy;

    public ulong ClientId { get; private set; }

    public SimClock Clock { get; private set; } = null!;

    /// <summary>Everything it recorded is confirmed as synced, or it never will be.</summary>
    public bool IsFlushed { get; private set; }

    private bool IsLoaded => deployment.IsLoaded;

    public override void Start()
    {
        strand = NewStrand("main");
        connector = new SimRpcConnector(deployment.Network, this);
        Clock = new SimClock(this, deployment.CheckClock)
        {
            Steps = deployment.Bugs.Has(Bugs.PlantedBug.ClockStepsBack),
        };
        recorder = new SimRecorder(this, deployment);
        pid = (uint)deployment.NewPid();
        deployment.Memories[Node.Number].Run((int)pid, this);
        portal = connector.Open(Deployment.VisorPortal);
        reader = new SimReader(this, deployment, connector, portal);
        this.Launch(strand, RunAsync);
    }

    /// <summary>
    /// Replays a whole story until a replay misses nothing but what rotted in the archive; for the end of a run.
    /// </summary>
    public void ReplayFinally(Action<Checking.ReplayResult> done, string story) =>
        this.Launch(strand, async () =>
        {
            while (true)
            {
                if (await reader.TryReplayAsync(story, 0, ulong.MaxValue) is { } replay
                    && replay.Gaps.All(deployment.Archive.IsDamageOf))
                {
                    done(replay);
                    return;
                }

                await Delay(RetryPause);
            }
        });

    private async ValueTask RunAsync()
    {
        await ConnectAsync();
        await Clock.SetAsync(portal, Methods.Clock);
        this.Launch(strand, () => new ValueTask(Clock.KeepAsync(portal, Methods.Clock, ClockPeriod)));
        this.Launch(strand, KeepAliveAsync);
        const int Writers = 2;
        for (int writer = 0; writer < Writers; writer++)
        {
            int number = writer;
            writersBusy++;
            this.Launch(NewStrand($"writer {number}"), () => WriteAsync(number));
        }

        this.Launch(strand, ReplayAsync);
    }

    private async ValueTask ConnectAsync()
    {
        var request = new ConnectRequest
        {
            ClientProtocolVersion = Methods.ProtocolVersion, Host = Node.Name, Pid = pid, Program = Name,
        };
        while (ClientId == 0)
        {
            try
            {
                ConnectReply reply = await portal.CallAsync(Methods.Connect, request, CallDeadline);
                (ClientId, session) = (reply.ClientId, reply.Session);
            }
            catch (ChronoLogException)
            {
                await Delay(RetryPause);
            }
        }
    }

    private async ValueTask KeepAliveAsync()
    {
        while (true)
        {
            await Delay(deployment.Settings.ClientLease / 6);
            await TryAsync(RenewLeaseAsync);
        }
    }

    // A Visor that does not know this client any more is told again what it holds.
    private async ValueTask RenewLeaseAsync()
    {
        KeepAliveReply reply = await portal.CallAsync(
            Methods.KeepAlive, new KeepAliveRequest { ClientId = ClientId, Session = session }, CallDeadline);
        if (!reply.AcquireAgain)
        {
            return;
        }

        foreach (string story in stories.Keys.ToList())
        {
            StoryRequest request = StoryRequest(story);
            request.Again = true;
            await portal.CallAsync(Methods.AcquireStory, request, CallDeadline);
        }

        session = reply.Session;
    }

    private async ValueTask WriteAsync(int writer)
    {
        SimRandom random = World.Random.Fork();
        while (IsLoaded)
        {
            string story = Deployment.StoryName(random.Below(deployment.Settings.Stories));
            await TryAsync(() => WorkAsync(random, story));
            await Delay(random.Between(TimeSpan.FromMilliseconds(1), deployment.Settings.RecordPause));
        }

        if (--writersBusy == 0)
        {
            await FlushFinallyAsync();
        }
    }

    private async ValueTask FlushFinallyAsync()
    {
        const int Attempts = 5; // what lies in the ring of a Keeper that is gone for good is never confirmed
        for (int attempt = 0; attempt < Attempts && !IsFlushed; attempt++)
        {
            await TryAsync(async () =>
            {
                await recorder.FlushAsync(DurabilityLevel.Synced, TimeSpan.FromSeconds(1));
                IsFlushed = true;
            });
        }

        IsFlushed = true;
    }

    private async ValueTask WorkAsync(SimRandom random, string story)
    {
        if (!stories.TryGetValue(story, out StoryReply? held) || recorder.Ring is null)
        {
            held = await OpenAsync(story);
        }

        int burst = 1 + random.Below(8);
        for (int i = 0; i < burst && held is not null; i++)
        {
            await recorder.LogEventAsync(story, held.Story.StoryId, NewRecord(random));
        }

        if (random.Chance(0.2))
        {
            DurabilityLevel level = random.Chance(0.5) ? DurabilityLevel.Journaled : DurabilityLevel.Synced;
            await recorder.FlushAsync(level, TimeSpan.FromMilliseconds(500));
        }

        if (random.Chance(0.01))
        {
            await ReleaseAsync(story);
        }
    }

    private byte[] NewRecord(SimRandom random)
    {
        byte[] record = new byte[random.Below(deployment.Settings.RecordBytesMax)];
        for (int i = 0; i < record.Length; i++)
        {
            record[i] = (byte)random.Next();
        }

        return record;
    }

    // Acquires the story if need be, and opens a ring at a Keeper of this node. One at a time, as the real client's
    // lock has it.
    private async ValueTask<StoryReply?> OpenAsync(string story)
    {
        if (isOpening)
        {
            return null;
        }

        isOpening = true;
        try
        {
            StoryRequest request = StoryRequest(story);
            request.CreateChronicle = true;
            StoryReply reply = await portal.CallAsync(Methods.AcquireStory, request, CallDeadline);
            if (recorder.Ring is null)
            {
                await OpenRingAsync(reply.Group);
            }

            return stories[story] = reply;
        }
        finally
        {
            isOpening = false;
        }
    }

    private async ValueTask OpenRingAsync(GroupView group)
    {
        ProcessIdentity keeper = group.Keepers.FirstOrDefault(keeper => keeper.Host == Node.Name)
            ?? throw new ChronoLogException(Status.NoKeepers, $"no Keeper is alive on {Node.Name}");
        await using IRpcChannel channel = connector.Open(keeper.ServiceEndpoint);
        OpenRingReply opened = await channel.CallAsync(
            Methods.OpenRing,
            new OpenRingRequest { ClientId = ClientId, Host = Node.Name, Pid = pid },
            CallDeadline);
        ClockAgreement.Check(keeper, opened.KeeperTick, Clock.Now);
        if (deployment.Memories[Node.Number].Find(opened.Path) is { } ring)
        {
            recorder.Use(ring);
        }
    }

    private async ValueTask ReleaseAsync(string story)
    {
        await recorder.FlushAsync(DurabilityLevel.Synced, TimeSpan.FromMilliseconds(500));
        stories.Remove(story);
        await portal.CallAsync(Methods.ReleaseStory, StoryRequest(story), CallDeadline);
    }

    private StoryRequest StoryRequest(string story) =>
        new() { ClientId = ClientId, Chronicle = SimReader.Chronicle, Story = story };

    private async ValueTask ReplayAsync()
    {
        SimRandom random = World.Random.Fork();
        while (IsLoaded)
        {
            await Delay(random.Between(TimeSpan.FromMilliseconds(5), deployment.Settings.ReplayPause));
            string story = Deployment.StoryName(random.Below(deployment.Settings.Stories));
            ulong start = random.Chance(0.7) ? 0 : Clock.Now - (ulong)random.Between(0, 3_000_000_000);
            ulong end = random.Chance(0.8) ? ulong.MaxValue : start + (ulong)random.Between(0, 3_000_000_000);
            await reader.TryReplayAsync(story, start, Math.Max(start, end));
        }
    }

    private async ValueTask TryAsync(Func<ValueTask> function)
    {
        try
        {
            await function();
        }
        catch (ChronoLogException exception)
        {
            World.Trace.Say(World.Now, FullName, string.Create(CultureInfo.InvariantCulture, $"{exception.Message}"));
        }
    }
}
