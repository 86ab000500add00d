using ChronoLog.Core.Extraction;
using ChronoLog.Core.Pipeline;
using ChronoLog.Core.Playback;

namespace ChronoLog.Grapher;

/// <summary>Settings of a Grapher. All windows work down to milliseconds.</summary>
public sealed record GrapherOptions
{
    /// <summary>For messages, for example "grapher-0".</summary>
    public string Name { get; init; } = "grapher";

    /// <summary>Length of a complete chunk, and so of a StoryFile's range.</summary>
    public TimeSpan ChunkDuration { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long after its end a chunk stays open for late events.</summary>
    public TimeSpan AcceptanceWindow { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>
    /// The window is the greatest ATW that a Keeper of the group reports; <see cref="AcceptanceWindow"/> before one has.
    /// </summary>
    public bool FollowsNetwork { get; init; }

    /// <summary>
    /// How much longer a chunk waits for a Keeper of the group that has not reported that it drained up to the chunk's
    /// end. What comes after that goes into a supplementary chunk.
    /// </summary>
    public TimeSpan HoldLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Pause between two looks for chunks whose window has passed; null = an eighth of the shorter window.
    /// </summary>
    public TimeSpan? RetirePeriod { get; init; }

    /// <summary>Pulls at once. More than a few only divide the same link.</summary>
    public int CollectionStreams { get; init; } = 4;

    /// <summary>Announcements that may wait for a pull; beyond it a sender is told to come again.</summary>
    public int AnnouncementsMax { get; init; } = 1024;

    /// <summary>Pulled images that may wait to be parsed.</summary>
    public int BuildingQueueMax { get; init; } = 16;

    /// <summary>
    /// Bytes of images and index entries held, from the pull until the last reader has let go after archiving. Beyond
    /// it pulls wait, and so do the Keepers, and so do their clients.
    /// </summary>
    public long HeldBytesMax { get; init; } = 1L << 30;

    /// <summary>Stories known at once.</summary>
    public int StoriesMax { get; init; } = 65536;

    /// <summary>How far in the future a chunk may end: a wrong clock must not occupy memory for years.</summary>
    public TimeSpan FutureLimit { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Between attempts to archive a chunk and to deliver a notice.</summary>
    public RetryBackoff Backoff { get; init; } = RetryBackoff.Default;

    /// <summary>Longest wait for the reply to a notice.</summary>
    public TimeSpan NoticeDeadline { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// An archived chunk stays readable until the Player knows its StoryFile, but not longer than this: a Player that
    /// is away reads the directory when it comes back.
    /// </summary>
    public TimeSpan PlayerNoticeLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long notices are kept for a Keeper that has left the group's view.</summary>
    public TimeSpan KeeperNoticeLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>In an orderly stop: announcements are taken until none has come for this long.</summary>
    public TimeSpan DrainQuiet { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the stop waits for heartbeats that tell which Keepers drain, while the Visor is away.</summary>
    public TimeSpan DrainHearing { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>
    /// Least pause between two writes of a story's watermark: two syncs each, beside the two of every StoryFile. What a
    /// crash takes of it is known again when the Keepers have reported.
    /// </summary>
    public TimeSpan WatermarkPeriod { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The same for a story of which nothing was archived meanwhile: thousands of stories may be idle.</summary>
    public TimeSpan IdleWatermarkPeriod { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Pause between two looks at damaged StoryFiles and what was found of them.</summary>
    public TimeSpan RepairPeriod { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A Keeper walks its whole journal for a recall: gigabytes, at memory speed.</summary>
    public TimeSpan RecallDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Limits of the warm reads.</summary>
    public ReadServiceOptions Reads { get; init; } = new();

    /// <summary>A planted defect, for tests: what is only in memory is recorded as archived.</summary>
    internal bool RecordsWatermarkEarly { get; init; }

    internal PipelineWindows Windows => new(Nanoseconds(ChunkDuration), Nanoseconds(AcceptanceWindow));

    internal TimeSpan RetirePause
    {
        get
        {
            TimeSpan shorter = ChunkDuration < AcceptanceWindow ? ChunkDuration : AcceptanceWindow;
            double milliseconds = Math.Clamp(shorter.TotalMilliseconds / 8, 1, 250);
            return RetirePeriod ?? TimeSpan.FromMilliseconds(milliseconds);
        }
    }

    internal static ulong Nanoseconds(TimeSpan duration) => (ulong)duration.Ticks * TimeSpan.NanosecondsPerTick;
}
