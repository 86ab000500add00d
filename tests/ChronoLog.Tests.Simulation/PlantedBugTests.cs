using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Faults;

namespace ChronoLog.Tests.Simulation;

/// <summary>
/// The checker has teeth: each defect put in on purpose is found, with the faults under which it shows.
/// </summary>
public sealed class PlantedBugTests
{
    private const ulong SeedsMax = 500;

    private static readonly (PlantedBug Bug, FaultKind[] Faults)[] Bugs =
    [
        (PlantedBug.AcknowledgeBeforeSync, [FaultKind.KeeperPowerLoss]),
        (PlantedBug.ConsumedBeforeJournal, [FaultKind.CrashKeeper]),
        (PlantedBug.FenceSeesOnlyTheConsumed, []),
        (PlantedBug.SkipDuplicateRemoval, [FaultKind.CrashGrapher]),
        (PlantedBug.ReleaseOnAcknowledge, [FaultKind.CrashGrapher]),
        (PlantedBug.SkipPullChecksum, [FaultKind.TornPulls]),
        (PlantedBug.ColdBeforeHot, [FaultKind.LongDelays]),
        (PlantedBug.WatermarkIgnoresSilentKeeper, [FaultKind.OneWayCut, FaultKind.ProcessPause, FaultKind.CrashKeeper]),
        (PlantedBug.NoAnnouncementAfterGrapherRestart, [FaultKind.CrashGrapher]),
        (PlantedBug.GapsUnsaid, [FaultKind.OneWayCut, FaultKind.CrashKeeper]),
        (PlantedBug.ArchiveWithoutRename, [FaultKind.CrashGrapher, FaultKind.StoragePowerLoss]),
        (PlantedBug.ArchiveBeforeDirectorySync, [FaultKind.StoragePowerLoss]),
        (PlantedBug.ClockStepsBack, [FaultKind.LongDelays]),
        (PlantedBug.DamageUnsaid, [FaultKind.ArchiveDamage]),
        (PlantedBug.WatermarkRecordedEarly, [FaultKind.CrashGrapher, FaultKind.CrashKeeper, FaultKind.OneWayCut]),
        (PlantedBug.RetryFailedSync, [FaultKind.FailedSyncs, FaultKind.KeeperPowerLoss]),
        (PlantedBug.RestartForgetsRings, [FaultKind.CrashKeeper]),
        (PlantedBug.RestartForgetsJournal, [FaultKind.CrashKeeper]),
        (PlantedBug.RecoverTornBatch, [FaultKind.KeeperPowerLoss]),
        (PlantedBug.BaseClockFollowsWallClock, [FaultKind.WallClockStep]),
        (PlantedBug.IdentityUsedAgain, [FaultKind.DestroyStory, FaultKind.CrashKeeper]),
        (PlantedBug.AnchorForgotten, [FaultKind.WallClockStep, FaultKind.CrashVisor]),
        (PlantedBug.MoveForgets, [FaultKind.CrashKeeper]),
        (PlantedBug.MoveRenumbers, [FaultKind.CrashKeeper]),
        (PlantedBug.RetiredCountsAsJournaled, [FaultKind.ProcessPause, FaultKind.CrashKeeper]),
        (PlantedBug.FlushForgetsLeftRings, [FaultKind.CrashKeeper]),
        (PlantedBug.FollowerNotToldOfLoss, []),
        (PlantedBug.ArchiveAsksNobodyLeft, [FaultKind.CrashKeeper, FaultKind.CrashGrapher]),
        (PlantedBug.OwnTimesUnsaid, [FaultKind.CrashKeeper, FaultKind.OneWayCut]),
        (PlantedBug.LateUnflagged, []),
        (PlantedBug.FollowerForgetsLate, [FaultKind.CrashPlayer, FaultKind.CrashKeeper]),
        (PlantedBug.MirrorTellsTooLittle, []),
        (PlantedBug.MirrorConsumesWhatIsSent, [FaultKind.PullFailures, FaultKind.CrashKeeper]),
    ];

    private static IEnumerable<TestCaseData> Cases => Bugs.Select(static each => new TestCaseData(each.Bug, each.Faults)
        .SetArgDisplayNames(each.Bug.ToString()));

    [TestCaseSource(nameof(Cases))]
    public void IsFound(PlantedBug bug, FaultKind[] faults)
    {
        for (ulong seed = 1; seed <= SeedsMax; seed++)
        {
            SimulationResult result = Simulation.Run(seed, faults, new PlantedBugs(bug));
            if (!result.Passed)
            {
                TestContext.Out.WriteLine($"found by seed {seed}: {result.Violations[0]}");
                return;
            }
        }

        Assert.Fail($"{bug} was not found within {SeedsMax} seeds");
    }

    [Test]
    public void EveryPlantedBugHasItsCase() =>
        Assert.That(Bugs.Select(static each => each.Bug), Is.EquivalentTo(Enum.GetValues<PlantedBug>()));
}
