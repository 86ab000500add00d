using System.Diagnostics;
using ChronoLog.Tests.Simulation.Faults;

namespace ChronoLog.Tests.Simulation;

/// <summary>What every build runs of the simulation; nights run more with <c>--seeds</c>.</summary>
public sealed class SimulationTests
{
    private const ulong FirstSeed = 1;

    /// <summary>Enough for every pair of faults; on one core within the time below.</summary>
    private const int SeedsMax = 250;

    private const int SeedsWithoutFaults = 10;

    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(75);

    [Test]
    public void WithoutFaultsEverythingRecordedIsReplayed() => RunSeeds(SeedsWithoutFaults, []);

    [Test]
    public void PromisesHoldThroughEveryFault() => RunSeeds(SeedsMax, FaultPlan.Every);

    /// <summary>
    /// Where the base clock jumps ahead all the same (a Visor that moved to another node), events may come below a
    /// watermark that a process with the new time has stated; none is lost.
    /// </summary>
    [Test]
    public void AJumpOfTheBaseClockLosesNothing()
    {
        const ulong Seeds = 30;
        for (ulong seed = FirstSeed; seed < FirstSeed + Seeds; seed++)
        {
            SimulationResult result = Simulation.Run(seed, [FaultKind.WallClockStep, FaultKind.VisorMoves]);
            if (result.Violations.Any(static each => !each.StartsWith("nothing changes below", StringComparison.Ordinal)))
            {
                Assert.Fail(result.Report());
            }
        }
    }

    private static void RunSeeds(int count, IReadOnlyList<FaultKind> faults)
    {
        var watch = Stopwatch.StartNew();
        ulong seed = FirstSeed;
        for (; seed < FirstSeed + (ulong)count && watch.Elapsed < TimeMax; seed++)
        {
            SimulationResult result = Simulation.Run(seed, faults);
            if (!result.Passed)
            {
                Assert.Fail(result.Report());
            }
        }

        TestContext.Out.WriteLine($"{seed - FirstSeed} seeds in {watch.Elapsed.TotalSeconds:F1} s");
        Assert.That(seed, Is.GreaterThan(FirstSeed));
    }
}
