using System.Diagnostics;
using ChronoLog.Tests.Simulation.Faults;

namespace ChronoLog.Tests.Simulation;

/// <summary>What every build runs of the simulation; nights run more with <c>--seeds</c>.</summary>
public sealed class SimulationTests
{
    private const ulong FirstSeed = 1;

    /// <summary>Enough for every pair of faults; on one core within the time below.</summary>
    private const int SeedsMax = 220;

    private const int SeedsWithoutFaults = 10;

    /// <summary>
    /// Defects found and not mended yet, described in the README. They are run by hand; whoever mends one takes it out.
    /// </summary>
    private static readonly IReadOnlySet<ulong> OpenFindings = new HashSet<ulong> { 86, 193 };

    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(75);

    [Test]
    public void WithoutFaultsEverythingRecordedIsReplayed() => RunSeeds(SeedsWithoutFaults, []);

    [Test]
    public void PromisesHoldThroughEveryFault() => RunSeeds(SeedsMax, FaultPlan.Every);

    private static void RunSeeds(int count, IReadOnlyList<FaultKind> faults)
    {
        var watch = Stopwatch.StartNew();
        ulong seed = FirstSeed;
        for (; seed < FirstSeed + (ulong)count && watch.Elapsed < TimeMax; seed++)
        {
            if (faults.Count > 0 && OpenFindings.Contains(seed))
            {
                TestContext.Out.WriteLine($"seed {seed} is left out: an open finding, see the README");
                continue;
            }

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
