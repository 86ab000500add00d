using ChronoLog.Core.Following;
using ChronoLog.Core.Playback;

namespace ChronoLog.Player;

/// <summary>Settings and limits of a Player.</summary>
public sealed record PlayerOptions
{
    /// <summary>For messages, for example "player-0".</summary>
    public string Name { get; init; } = "player";

    /// <summary>
    /// Longest wait for one tier's answer to the opening of a read. All Keepers are asked at once; one that does not
    /// answer makes the replay PARTIAL.
    /// </summary>
    public TimeSpan TierDeadline { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Longest wait for the Player of another group: it asks its Keepers, its Grapher, and without that its Keepers again.
    /// </summary>
    public TimeSpan PlayerDeadline => TierDeadline * 3.5;

    /// <summary>Longest wait for one page of a tier.</summary>
    public TimeSpan PageDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Limits of the replays.</summary>
    public ReadServiceOptions Reads { get; init; } = new();

    /// <summary>Limits of the followers.</summary>
    public FollowServiceOptions Following { get; init; } = new() { PausePerFollower = TimeSpan.FromMicroseconds(200) };

    /// <summary>Bytes of complete chunks kept in memory that a Grapher's rdma_extractor sends here; 0 = none.</summary>
    public long RecentBytesMax { get; init; } = 256L << 20;

    /// <summary>
    /// Read StoryFiles one run ahead on a pool thread: worth a thread hop per 2048 events where disks are slow and
    /// cores are many. Off, they are read on the strand that fills the pages.
    /// </summary>
    public bool ArchiveReadAhead { get; init; }

    /// <summary>How often the whole archive is looked through for files of which no notice came; 0 = never.</summary>
    public TimeSpan ArchiveRefreshPeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Stories known at once, for the tallies of heartbeats.</summary>
    public int StoriesMax { get; init; } = 65536;
}
