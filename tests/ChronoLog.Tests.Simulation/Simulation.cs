using ChronoLog.Client;
using ChronoLog.Client.Following;
using ChronoLog.Core.Chunk;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Checking;
using ChronoLog.Tests.Simulation.Clients;
using ChronoLog.Tests.Simulation.Faults;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Processes;

namespace ChronoLog.Tests.Simulation;

/// <summary>
/// One run: start, chaos under load, heal, a while of load without faults, drain, and the replays that have to be
/// complete.
/// </summary>
internal sealed class Simulation
{
    private static readonly TimeSpan RecoveryMax = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan AheadMax = TimeSpan.FromMinutes(10);

    // What is due to retire is looked for at such intervals.
    private static readonly TimeSpan Duties = TimeSpan.FromMilliseconds(200);

    private readonly SimWorld world;
    private readonly SimSettings settings;
    private readonly FaultPlan plan;
    private readonly Deployment deployment;

    private Simulation(ulong seed, IReadOnlyList<FaultKind> allowed, PlantedBugs bugs, int traceLines)
    {
        world = new SimWorld(seed, traceLines);
        SimSettings drawn = SimSettings.Draw(world.Random.Fork());
        plan = FaultPlan.Draw(world.Random.Fork(), allowed);
        settings = drawn with { HasDestroyed = plan.Kinds.Contains(FaultKind.DestroyStory) };
        deployment = new Deployment(world, settings, bugs);
    }

    /// <summary>Runs one seed to its end.</summary>
    /// <param name="seed">Everything follows from it.</param>
    /// <param name="allowed">Faults that may be drawn.</param>
    /// <param name="bugs">Planted defects.</param>
    /// <param name="traceLines">Last lines of the trace that are kept.</param>
    public static SimulationResult Run(
        ulong seed, IReadOnlyList<FaultKind>? allowed = null, PlantedBugs? bugs = null, int traceLines = 60)
    {
        SynchronizationContext? outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        StreamingMerge.KeepsDuplicates = bugs?.Has(PlantedBug.SkipDuplicateRemoval) ?? false;
        RingSet.AsksNobodyLeft = bugs?.Has(PlantedBug.ArchiveAsksNobodyLeft) ?? false;
        Playback.ForgetsLate = bugs?.Has(PlantedBug.FollowerForgetsLate) ?? false;
        try
        {
            return new Simulation(seed, allowed ?? FaultPlan.Every, bugs ?? PlantedBugs.None, traceLines).Run();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
            StreamingMerge.KeepsDuplicates = false;
            RingSet.AsksNobodyLeft = false;
            Playback.ForgetsLate = false;
        }
    }

    private SimulationResult Run()
    {
        var faults = new FaultInjector(deployment, plan);
        foreach (string name in deployment.Names)
        {
            TimeSpan delay = world.Random.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(200));
            world.After(delay, () => deployment.Start(name));
        }

        world.Run(TimeSpan.FromMilliseconds(600));
        faults.Begin();
        world.Run(plan.Chaos);
        faults.Heal();
        Await("orderly stops are over", () => deployment.Names.All(
            name => deployment.Find(name) is { IsStopping: false }));
        world.Run(TimeSpan.FromMilliseconds(700));
        deployment.IsLoaded = false;
        Await("clients flush", () => deployment.Clients.All(static client => client.IsFlushed));
        Await("Keepers serve", () => deployment.Keepers.All(static keeper => keeper.IsServing));
        Await("rings are empty", () => deployment.Memories.All(static memory => memory.AreEmpty));
        world.Run(settings.KeeperChunk + settings.KeeperWindow + TimeSpan.FromMilliseconds(100));
        AwaitTheNewest();
        Await("everything is drained", () => deployment.Keepers.All(static keeper => keeper.IsDrained));
        if (!plan.Kinds.Contains(FaultKind.VisorMoves))
        {
            AwaitFollowers(); // else events come below a watermark that was stated with the new time: the replays have them
        }

        deployment.Checker.CheckArchive([.. deployment.StoryFiles]);
        if (deployment.HasNoNewcomers && !deployment.StoryFiles.Any(static file => !file.IsReadable))
        {
            deployment.Checker.CheckLate([.. deployment.StoryFiles]);
        }

        for (int round = 0; round < 2; round++)
        {
            ReplayAll();
        }

        return Result();
    }

    // After the healing the deployment has to come back by itself.
    private void Await(string what, Func<bool> condition)
    {
        if (!world.RunUntil(condition, RecoveryMax) && !world.Violations.Any)
        {
            world.Violations.Add(
                "it comes back by itself", $"{what}: not within {RecoveryMax.TotalSeconds} s after the faults");
        }
    }

    // Each look goes through everything that was recorded: not at every step.
    private void AwaitFollowers()
    {
        TimeSpan period = TimeSpan.FromMilliseconds(50);
        for (TimeSpan waited = TimeSpan.Zero; waited < RecoveryMax && !world.Violations.Any; waited += period)
        {
            if (deployment.Followers.All(static follower => follower.Missing() is null))
            {
                return;
            }

            world.Run(period);
        }

        if (!world.Violations.Any
            && deployment.Followers.Find(static follower => follower.Missing() is not null) is { } behind)
        {
            world.Violations.Add(
                "a playback misses nothing", $"{behind.Missing()!.Sequence} has not come in {behind} after the faults");
        }
    }

    // A client may be ahead of its Keeper, by as much as the base clock jumped, and give times ahead of its own: what it
    // recorded is still to come there.
    private void AwaitTheNewest()
    {
        ulong newest = deployment.Model.All.Max(static recorded => (ulong?)recorded.Sequence.EventTime) ?? 0;
        ulong closed = newest + (ulong)(settings.KeeperChunk + settings.KeeperWindow + Duties).TotalNanoseconds;
        world.RunUntil(() => deployment.Keepers.All(keeper => keeper.Now > closed), AheadMax);
    }

    private void ReplayAll()
    {
        // One that acquired the story: a story that nobody ever acquired does not exist.
        foreach (string story in deployment.Stories)
        {
            ClientProcess? reader = deployment.Clients.FirstOrDefault();
            // Nor does one that was destroyed, and not recorded since.
            bool exists = deployment.Model.Story(story).Values.Any(
                recorded => story != Deployment.Destroyed || recorded.IsPromised(deployment.Model.Returns));
            if (reader is null || !exists || world.Violations.Any)
            {
                continue;
            }

            ReplayResult? last = null;
            reader.ReplayFinally(replay => last = replay, story);
            Await($"a complete replay of {story}", () => last is not null);
        }
    }

    private SimulationResult Result() => new()
    {
        Seed = world.Seed,
        Hash = world.Trace.Hash,
        Steps = world.Steps,
        Events = deployment.Model.Returns,
        Replays = deployment.Checker.Replays,
        CompleteReplays = deployment.Checker.CompleteReplays,
        Flushes = deployment.Flushes.Flushes,
        Faults = plan.Kinds,
        Violations = world.Violations.Found,
        Trace = [.. world.Trace.Lines()],
    };
}
