using ChronoLog.Core.Following;
using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Processes;

/// <summary>
/// The deployment's shape and its settings, drawn from the seed: small chunks, short windows, little memory.
/// </summary>
public sealed record SimSettings
{
    /// <summary>Nodes with Keepers and clients.</summary>
    public required int ComputeNodes { get; init; }

    public required int KeepersPerNode { get; init; }

    public required int ClientsPerNode { get; init; }

    /// <summary>Recording groups; each has Keepers on every compute node.</summary>
    public required int Groups { get; init; }

    public int Keepers => ComputeNodes * KeepersPerNode;

    public int Clients => ComputeNodes * ClientsPerNode;

    /// <summary>After so much silence of its Keeper a client goes to another one of its node.</summary>
    public required TimeSpan FailoverAfter { get; init; }

    /// <summary>How long a process that is stopped in order tries to hand on what it has.</summary>
    public required TimeSpan DrainDeadline { get; init; }

    /// <summary>There is a story that is destroyed now and then.</summary>
    public bool HasDestroyed { get; init; }

    /// <summary>Stories of a chronicle with two copies of each event.</summary>
    public required bool HasReplicas { get; init; }

    /// <summary>A story whose events are ordered by their arrival.</summary>
    public required bool HasOrdered { get; init; }

    public required int Stories { get; init; }

    public required TimeSpan KeeperChunk { get; init; }

    public required TimeSpan KeeperWindow { get; init; }

    /// <summary>Acceptance windows are automatic; a Keeper's is at most <see cref="KeeperWindow"/>.</summary>
    public required bool FollowsNetwork { get; init; }

    public required TimeSpan GrapherChunk { get; init; }

    public required TimeSpan GrapherWindow { get; init; }

    public required TimeSpan HoldLimit { get; init; }

    public required TimeSpan DeadAfter { get; init; }

    public required TimeSpan ClientLease { get; init; }

    public required TimeSpan TierDeadline { get; init; }

    public required TimeSpan AgentSleep { get; init; }

    public required TimeSpan SyncInterval { get; init; }

    public required int ExtractionStreams { get; init; }

    public required int SlabBytesMax { get; init; }

    public required long RingBytes { get; init; }

    public required int SegmentBytes { get; init; }

    public required long JournalQuota { get; init; }

    /// <summary>How often a writer records a burst.</summary>
    public required TimeSpan RecordPause { get; init; }

    public required TimeSpan ReplayPause { get; init; }

    public required int RecordBytesMax { get; init; }

    /// <summary>Bytes kept for the followers of a story.</summary>
    public required int FollowBytes { get; init; }

    /// <summary>How late an event may reach its ring and be in time for followers.</summary>
    public required TimeSpan FollowSettle { get; init; }

    /// <summary>Least pause between two writes of a story's watermark.</summary>
    public required TimeSpan WatermarkPeriod { get; init; }

    public static SimSettings Draw(SimRandom random)
    {
        TimeSpan keeperChunk = Milliseconds(random, 100, 500);
        int keepersPerNode = 1 + random.Below(3);
        int groups = keepersPerNode > 1 && random.Chance(0.3) ? 2 : 1;
        return new SimSettings
        {
            ComputeNodes = 1 + random.Below(4 - keepersPerNode),
            KeepersPerNode = keepersPerNode,
            Groups = groups,
            ClientsPerNode = 1 + random.Below(2),
            DrainDeadline = Milliseconds(random, 300, 4000),
            FailoverAfter = Milliseconds(random, 300, 900),
            HasReplicas = keepersPerNode / groups > 1 && random.Chance(0.5),
            Stories = 1 + random.Below(2),
            KeeperChunk = keeperChunk,
            KeeperWindow = Milliseconds(random, 100, 400),
            FollowsNetwork = random.Chance(0.3),
            GrapherChunk = keeperChunk * random.Between(1, 4) + Milliseconds(random, 0, 50),
            GrapherWindow = Milliseconds(random, 150, 600),
            HoldLimit = Milliseconds(random, 2000, 60_000),
            DeadAfter = Milliseconds(random, 400, 1200),
            ClientLease = Milliseconds(random, 2000, 6000),
            TierDeadline = Milliseconds(random, 200, 1000),
            AgentSleep = TimeSpan.FromMicroseconds(random.Between(300, 5000)),
            SyncInterval = Milliseconds(random, 2, 30),
            ExtractionStreams = 1 + random.Below(2),
            SlabBytesMax = 2048 << random.Below(6),
            RingBytes = 4096 << random.Below(5),
            SegmentBytes = 2048 << random.Below(5),
            JournalQuota = 1 << 20,
            RecordPause = Milliseconds(random, 3, 40),
            ReplayPause = Milliseconds(random, 20, 200),
            RecordBytesMax = 16 + random.Below(200),
            FollowBytes = 1024 << random.Below(8),
            FollowSettle = Milliseconds(random, 5, 100),
            WatermarkPeriod = Milliseconds(random, 10, 300),
            HasOrdered = random.Chance(0.5),
        };
    }

    /// <summary>Limits of whoever serves followers.</summary>
    public FollowServiceOptions Following => new()
    {
        StoryBytesMax = FollowBytes,
        ReplyBytesMax = FollowBytes / 2,
        Lease = TimeSpan.FromSeconds(3),
        PausePerFollower = TimeSpan.FromMilliseconds(1),
    };

    private static TimeSpan Milliseconds(SimRandom random, int least, int most) =>
        TimeSpan.FromMilliseconds(random.Between(least, most));
}
