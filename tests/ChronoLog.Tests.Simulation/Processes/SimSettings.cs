using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Processes;

/// <summary>
/// The deployment's shape and its settings, drawn from the seed: small chunks, short windows, little memory.
/// </summary>
public sealed record SimSettings
{
    public required int Keepers { get; init; }

    public required int ClientsPerKeeper { get; init; }

    public required int Stories { get; init; }

    public required TimeSpan KeeperChunk { get; init; }

    public required TimeSpan KeeperWindow { get; init; }

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

    /// <summary>Least pause between two writes of a story's watermark.</summary>
    public required TimeSpan WatermarkPeriod { get; init; }

    public static SimSettings Draw(SimRandom random)
    {
        TimeSpan keeperChunk = Milliseconds(random, 100, 500);
        return new SimSettings
        {
            Keepers = 1 + random.Below(3),
            ClientsPerKeeper = 1 + random.Below(2),
            Stories = 1 + random.Below(2),
            KeeperChunk = keeperChunk,
            KeeperWindow = Milliseconds(random, 100, 400),
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
            WatermarkPeriod = Milliseconds(random, 10, 300),
        };
    }

    private static TimeSpan Milliseconds(SimRandom random, int least, int most) =>
        TimeSpan.FromMilliseconds(random.Between(least, most));
}
