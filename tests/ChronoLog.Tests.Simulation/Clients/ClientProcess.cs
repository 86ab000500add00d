using System.Globalization;
using ChronoLog.Client;
using ChronoLog.Core.Agents;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Checking;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Memory;
using ChronoLog.Tests.Simulation.Processes;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Tests.Simulation.Clients;

/// <summary>
/// An application on a Keeper's node, with the product's client: connects, records, flushes, releases and replays for as
/// long as the deployment is loaded, and now and then leaves and connects again.
/// </summary>
internal sealed partial class ClientProcess(Deployment deployment, SimNode node, string name, int incarnation)
    : SimProcess(node, name, incarnation)
{
    private const int Writers = 2;
    private const double TakesNoKeeperForNear = 0.35;
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    private readonly List<Strand> writerStrands = [];
    private Strand strand = null!;
    private uint pid;
    private ChronoClient? client;
    private bool isLeaving;

    /// <summary>Everything it recorded is confirmed as synced, or it never will be.</summary>
    public bool IsFlushed { get; private set; }

    /// <summary>The rings in this process's memory, whose other ends are at Keepers of other nodes.</summary>
    public List<RingMemory> OwnEnds { get; } = [];

    private bool IsBusy => deployment.IsLoaded && !isLeaving;

    public override void Start()
    {
        strand = NewStrand("main");
        writerStrands.AddRange(Enumerable.Range(0, Writers).Select(number => NewStrand($"writer {number}")));
        pid = (uint)deployment.NewPid();
        deployment.Memories[Node.Number].Run((int)pid, this);
        this.Launch(strand, RunAsync);
    }

    /// <summary>
    /// Replays a whole story until a replay misses nothing but what rotted in the archive; for the end of a run.
    /// </summary>
    public void ReplayFinally(Action<ReplayResult> done, string story) =>
        this.Launch(strand, async () =>
        {
            var reader = new SimReader(this, deployment);
            while (true)
            {
                if (client is not null && await reader.TryReplayAsync(client, story, 0, ulong.MaxValue) is { } replay)
                {
                    if (replay.Gaps.FirstOrDefault(gap => !deployment.IsDamageOf(gap)) is not { } gap)
                    {
                        done(replay);
                        return;
                    }

                    World.Note($"a gap of {story} remains: {gap.Reason}", FullName, gap.StartTime, gap.EndTime);
                }

                await Delay(RetryPause);
            }
        });

    // What it had not handed over goes with it.
    protected override void Died() => OwnEnds.ForEach(static end => end.Orphan());

    private async ValueTask RunAsync()
    {
        while (true)
        {
            client = await ConnectAsync();
            await WorkAsync(client);
            await FlushFinallyAsync();
            if (!deployment.IsLoaded)
            {
                IsFlushed = true;
                return; // it stays connected, for the replays at the end
            }

            ChronoClient left = client;
            client = null;
            await LeaveAsync(left);
        }
    }

    private async ValueTask<ChronoClient> ConnectAsync()
    {
        SimRandom random = World.Random;
        var options = new ClientOptions
        {
            Endpoint = Deployment.VisorPortal,
            Program = Name,
            Placement = random.Chance(0.5) ? Placement.LocalFirst : Placement.RoundRobin,
            SharedMemory = !random.Chance(TakesNoKeeperForNear),
            FullTimeout = TimeSpan.FromMilliseconds(500),
            FailoverAfter = deployment.Settings.FailoverAfter,
            ReplayPageBytes = 64 << 10,
            CallDeadline = CallDeadline,
            ReplayDeadline = TimeSpan.FromSeconds(2),
            ReleaseTimeout = TimeSpan.FromSeconds(1),
        };
        while (true)
        {
            try
            {
                var ports = new SimClientPorts(this, deployment, pid);
                return await ChronoClient.ConnectAsync(options, ports, Logger, CancellationToken.None);
            }
            catch (ChronoLogException)
            {
                await Delay(RetryPause);
            }
        }
    }

    private async ValueTask WorkAsync(ChronoClient connected)
    {
        const double LeavesEarly = 0.4;
        isLeaving = false;
        stories.Clear();
        if (World.Random.Chance(LeavesEarly))
        {
            this.Launch(strand, async () =>
            {
                await Delay(World.Random.Between(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(3)));
                isLeaving |= client == connected;
            });
        }

        this.Launch(strand, () => FollowAsync(connected));
        List<Task> work = [.. writerStrands.Select(each => each.InvokeAsync(() => WriteAsync(connected)))];
        work.Add(strand.InvokeAsync(() => ReplayAsync(connected)));
        foreach (Task each in work)
        {
            await each;
        }
    }

    // In order, or just so: what was recorded stays recorded.
    private async ValueTask LeaveAsync(ChronoClient left)
    {
        if (World.Random.Chance(0.7))
        {
            foreach (StoryHandle handle in stories.Values.ToList())
            {
                await TryAsync(() => ReleaseAsync(left, handle));
            }

            await TryAsync(() => new ValueTask(left.DisconnectAsync()));
        }

        await left.DisposeAsync();
    }

    private async ValueTask ReplayAsync(ChronoClient connected)
    {
        SimRandom random = World.Random.Fork();
        var reader = new SimReader(this, deployment);
        while (IsBusy)
        {
            await Delay(random.Between(TimeSpan.FromMilliseconds(5), deployment.Settings.ReplayPause));
            string story = random.Pick(deployment.Stories);
            ulong now = connected.Clock.Now;
            ulong start = random.Chance(0.7) ? 0 : now - (ulong)random.Between(0, 3_000_000_000);
            ulong end = random.Chance(0.8) ? ulong.MaxValue : start + (ulong)random.Between(0, 3_000_000_000);
            await reader.TryReplayAsync(connected, story, start, Math.Max(start, end));
        }
    }

    // One at a time, as long as the client is connected: also when the load has ended.
    private async ValueTask FollowAsync(ChronoClient connected)
    {
        SimRandom random = World.Random.Fork();
        while (client == connected)
        {
            await Delay(random.Between(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(500)));
            string story = random.Pick(deployment.Stories.Where(each => each != Deployment.Destroyed).ToList());
            ulong now = connected.Clock.Now;
            ulong from = random.Chance(0.5) ? 0 : now - (ulong)random.Between(0, 2_000_000_000);
            PlaybackMode mode = random.Chance(0.5) ? PlaybackMode.Ordered : PlaybackMode.Immediate;
            var follower = new SimFollower(this, deployment, story, from, mode, isSlow: random.Chance(0.3));
            await follower.FollowAsync(connected);
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
