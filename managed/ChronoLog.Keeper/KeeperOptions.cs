using ChronoLog.Core.Extraction;
using ChronoLog.Core.Following;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Time;

namespace ChronoLog.Keeper;

/// <summary>Settings and limits of a Keeper.</summary>
public sealed record KeeperOptions
{
    /// <summary>For messages: "keeper-0".</summary>
    public required string Name { get; init; }

    /// <summary>The node's identity; a client with the same one may share memory with this Keeper.</summary>
    public required string Host { get; init; }

    public TimeSpan ChunkDuration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long after its end a chunk stays open for late events.</summary>
    public TimeSpan AcceptanceWindow { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The window is the ATW; <see cref="AcceptanceWindow"/> is not looked at.</summary>
    public bool FollowsNetwork { get; init; }

    /// <summary>Least ATW: ten scheduling quanta of a busy node.</summary>
    public TimeSpan AtwFloor { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Greatest ATW.</summary>
    public TimeSpan AtwCeiling { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How far from now an event's own time may lie. Clients refuse what is beyond it at the call; what comes here all
    /// the same is journaled, not indexed, and counted: without bounds one defective client would have chunks made
    /// without end.
    /// </summary>
    public EventTimeBounds EventTimes { get; init; } = EventTimeBounds.Default;

    /// <summary>
    /// Capacity of a ring when the client wishes none: 8 MiB is 80,000 events of 100 bytes, 10 ms of the fastest
    /// client.
    /// </summary>
    public long RingBytesDefault { get; init; } = 8L << 20;

    public long RingBytesMin { get; init; } = 64L << 10;

    public long RingBytesMax { get; init; } = 256L << 20;

    /// <summary>Most shared memory of all rings together.</summary>
    public long RingBytesTotal { get; init; } = 4L << 30;

    /// <summary>Most rings: one per client process, and a full-size node runs some hundreds of them.</summary>
    public int RingsMax { get; init; } = 1024;

    /// <summary>Most rings of one client id (processes that share it).</summary>
    public int RingsPerClientMax { get; init; } = 4;

    /// <summary>
    /// Bytes taken from one ring at a time: fits the second level cache, so that checksum and header walk find the copy
    /// there, and bounds how long other rings wait.
    /// </summary>
    public int BatchBytes { get; init; } = 256 << 10;

    /// <summary>Least time between two syncs of the journal: group commit.</summary>
    public TimeSpan SyncInterval { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>The same while no story asks for more than `journaled`.</summary>
    public TimeSpan SyncIntervalRelaxed { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait of a hot read for what producers have reserved in the rings.</summary>
    public TimeSpan FenceDeadline { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// After so long a silence a client on another node is given up: replays have been PARTIAL for as long, because
    /// of what it may hold. Its questions come twice a second. Too short costs only copying.
    /// </summary>
    public TimeSpan RemoteSilence { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often an idle ring's producer is checked to be alive.</summary>
    public TimeSpan ProducerCheckPeriod { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Most stories that are recorded without the Visor having named them.</summary>
    public int UnknownStoriesMax { get; init; } = 4096;

    /// <summary>Period of the progress reports to the Grapher; null = that of the retirement.</summary>
    public TimeSpan? ProgressPeriod { get; init; }

    /// <summary>A chunk that was handed over and not archived for this long is announced once more.</summary>
    public TimeSpan AnnounceAgainAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Waiting time before a failed announcement is repeated.</summary>
    public RetryBackoff Backoff { get; init; } = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2));

    /// <summary>Limits of the hot reads.</summary>
    public ReadServiceOptions Reads { get; init; } = new();

    /// <summary>Limits of what Players follow here.</summary>
    public FollowServiceOptions Following { get; init; } = new();

    /// <summary>
    /// How long after its tick an event may be appended to a ring and still count as in time for followers: covers the
    /// clients' clocks and a producer that the scheduler took from the processor between clock and ring.
    /// </summary>
    public TimeSpan FollowSettle { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Deadline of a call to the Grapher.</summary>
    public TimeSpan CallDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether a chunk is kept until the Grapher's *archived* notice. Null: if the extraction chain has an
    /// rdma_extractor; a chain without one ends here, and its success is all there is to wait for.
    /// </summary>
    public bool? AwaitsArchivedNotice { get; init; }

    /// <summary>
    /// Period of the retirement duty: a fraction of the window, within what a timer and a large Keeper bear.
    /// </summary>
    public TimeSpan RetirementPeriod
    {
        get
        {
            // An automatic window is mostly far shorter than a chunk, and a chunk need not go within moments of it.
            TimeSpan window = FollowsNetwork ? ChunkDuration : AcceptanceWindow;
            TimeSpan shorter = ChunkDuration < window ? ChunkDuration : window;
            return TimeSpan.FromMilliseconds(Math.Clamp(shorter.TotalMilliseconds / 8, 5, 1000));
        }
    }
}
