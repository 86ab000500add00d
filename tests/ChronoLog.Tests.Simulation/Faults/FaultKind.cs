namespace ChronoLog.Tests.Simulation.Faults;

/// <summary>What can go wrong. Each run has a subset of them: too many at once hide what one of them shows.</summary>
public enum FaultKind
{
    /// <summary>Messages between nodes are lost.</summary>
    MessageLoss,

    /// <summary>Messages between nodes arrive twice.</summary>
    MessageDuplication,

    /// <summary>Messages between nodes overtake each other.</summary>
    MessageReordering,

    /// <summary>Messages take many times as long.</summary>
    LongDelays,

    /// <summary>Nothing gets from one node to another, for a while; the other direction works.</summary>
    OneWayCut,

    /// <summary>Pulls of bulk data fail.</summary>
    PullFailures,

    /// <summary>Pulls bring wrong bytes.</summary>
    TornPulls,

    /// <summary>A process stands still for a while.</summary>
    ProcessPause,

    /// <summary>A node's wall clock jumps.</summary>
    WallClockStep,

    /// <summary>A process dies, at any step, and starts again after a while.</summary>
    CrashVisor,

    /// <summary>The Visor dies and starts again on another machine, with its database.</summary>
    VisorMoves,

    /// <inheritdoc cref="CrashVisor"/>
    CrashGrapher,

    /// <inheritdoc cref="CrashVisor"/>
    CrashPlayer,

    /// <inheritdoc cref="CrashVisor"/>
    CrashClient,

    /// <inheritdoc cref="CrashVisor"/>
    CrashKeeper,

    /// <summary>The node of Grapher, Player and archive loses power.</summary>
    StoragePowerLoss,

    /// <summary>The node of a Keeper and its clients loses power.</summary>
    KeeperPowerLoss,

    /// <summary>Syncs of journals fail.</summary>
    FailedSyncs,

    /// <summary>Journals have no room for a batch now and then.</summary>
    JournalNoSpace,

    /// <summary>Writing StoryFiles fails at any step.</summary>
    FailedArchiving,

    /// <summary>Bits rot in StoryFiles.</summary>
    ArchiveDamage,

    /// <summary>Syncs of journals take long, and hold up their threads.</summary>
    SlowSyncs,

    /// <summary>A process is stopped in order (SIGTERM), and started again after a while.</summary>
    OrderlyStop,

    /// <summary>All processes are: Keepers and Graphers first, then the Player, then the Visor.</summary>
    OrderlyStopOfAll,

    /// <summary>A client destroys a story that all of them record now and then.</summary>
    DestroyStory,
}
