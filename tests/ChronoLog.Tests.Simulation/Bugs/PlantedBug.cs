namespace ChronoLog.Tests.Simulation.Bugs;

/// <summary>Defects put in on purpose: the checker has to find each of them.</summary>
public enum PlantedBug
{
    /// <summary>The journal says "synced" without a sync.</summary>
    AcknowledgeBeforeSync,

    /// <summary>The ring's consumed position is published before the frames are in the journal.</summary>
    ConsumedBeforeJournal,

    /// <summary>A hot read does not wait for what producers have reserved in the rings.</summary>
    FenceSeesOnlyTheConsumed,

    /// <summary>Replays do not drop what several tiers hold.</summary>
    SkipDuplicateRemoval,

    /// <summary>The Keeper lets go of a chunk when the Grapher has pulled it, not when it is archived.</summary>
    ReleaseOnAcknowledge,

    /// <summary>Pulled bytes are taken as they come.</summary>
    SkipPullChecksum,

    /// <summary>The Player looks at the archive before it asks the Keepers.</summary>
    ColdBeforeHot,

    /// <summary>The Grapher's watermark does not wait for a Keeper that says nothing.</summary>
    WatermarkIgnoresSilentKeeper,

    /// <summary>The Keepers do not announce again when the Grapher is a new process.</summary>
    NoAnnouncementAfterGrapherRestart,

    /// <summary>The Player does not say what it could not read.</summary>
    GapsUnsaid,

    /// <summary>StoryFiles are written under their final names.</summary>
    ArchiveWithoutRename,

    /// <summary>A StoryFile is called archived before its directory is synced.</summary>
    ArchiveBeforeDirectorySync,

    /// <summary>Corrections of a clock go backwards.</summary>
    ClockStepsBack,

    /// <summary>A damaged StoryFile is passed over without a word.</summary>
    DamageUnsaid,

    /// <summary>A sync that failed is repeated on the same segment, where it succeeds and writes nothing.</summary>
    RetryFailedSync,

    /// <summary>The Grapher records its watermark without waiting for what it has in memory only.</summary>
    WatermarkRecordedEarly,

    /// <summary>A Keeper that starts does not look for the rings of its former self.</summary>
    RestartForgetsRings,

    /// <summary>A Keeper that starts does not look into its journal.</summary>
    RestartForgetsJournal,

    /// <summary>Recovery takes a batch whose checksum is wrong.</summary>
    RecoverTornBatch,

    /// <summary>The base clock follows the Visor's wall clock.</summary>
    BaseClockFollowsWallClock,

    /// <summary>A story that takes a destroyed one's name takes its identity, too.</summary>
    IdentityUsedAgain,

    /// <summary>A Visor that starts again anchors the base clock anew.</summary>
    AnchorForgotten,

    /// <summary>A client that leaves a Keeper's ring does not take along what that had not consumed.</summary>
    MoveForgets,

    /// <summary>What it takes along gets new indexes.</summary>
    MoveRenumbers,

    /// <summary>Once a ring that was left is retired, all that it ever had counts as journaled.</summary>
    RetiredCountsAsJournaled,

    /// <summary>A flush looks only at the rings that are in use now.</summary>
    FlushForgetsLeftRings,

    /// <summary>A follower that is too slow is not told what it missed.</summary>
    FollowerNotToldOfLoss,

    /// <summary>A flush to the archive asks only the Keepers that are recorded into now.</summary>
    ArchiveAsksNobodyLeft,

    /// <summary>A Player takes it that nothing comes below a watermark, also of stories that get late events.</summary>
    OwnTimesUnsaid,

    /// <summary>StoryFiles do not say how many of their events came late.</summary>
    LateUnflagged,

    /// <summary>A follower that joins anew does not look for what came below the watermark meanwhile.</summary>
    FollowerForgetsLate,

    /// <summary>A client tells a Keeper of another node only of what that has already, when a fence asks it.</summary>
    MirrorTellsTooLittle,

    /// <summary>A client gives room in its end of a mirrored ring back as soon as it has sent what was there.</summary>
    MirrorConsumesWhatIsSent,
}
