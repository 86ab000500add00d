using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Time;

/// <summary>Rounds, their pace, and the bound that a process states between them, on virtual time.</summary>
[TestFixture]
public sealed class ClockSynchronizerTests
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    // 20 cases of 1000 pauses with 5 looks: 100,000 samples of the error.
    [Test]
    public async Task TheTrueErrorIsWithinTheStatedBoundAtEveryMoment(
        [Values(-1e-4, -1e-5, 0, 3e-5, 1e-4)] double drift, [Values(1, 10)] double requestFactor,
        [Values(1, 10)] double replyFactor)
    {
        int seed = HashCode.Combine(drift, requestFactor, replyFactor);
        DriftingProcess process = Process(seed, drift, requestFactor, replyFactor);
        int looks = 0;
        process.Look = () =>
        {
            Assert.That(process.Error, Is.LessThanOrEqualTo(process.UncertaintyNanoseconds), $"seed {seed}, look {looks}");
            looks++;
        };
        var synchronizer = new ClockSynchronizer(process, Methods.Clock, process);
        await RunAsync(synchronizer, process);
        Assert.That(looks, Is.EqualTo(5000));
        Assert.That(synchronizer.Report()!.Contradictions, Is.Zero);
    }

    /// <summary>The way of this clock takes 20 us and more: half of a round trip is 20 at least, and mostly below 30.</summary>
    [Test]
    public async Task OnAFastWayTheBoundIsHalfTheRoundTripAndHalfAsMuchForTheAge([Range(1, 5)] int seed)
    {
        DriftingProcess process = Process(seed, 1e-4, 1, 1);
        List<ulong> bounds = [];
        process.Look = () =>
        {
            if (process.Pauses.Count > 20)
            {
                bounds.Add(process.UncertaintyNanoseconds);
            }
        };
        await RunAsync(new ClockSynchronizer(process, Methods.Clock, process), process);
        bounds.Sort();
        Assert.That(bounds[bounds.Count * 9 / 10], Is.LessThan(50_000));
        Assert.That(bounds[bounds.Count / 2], Is.InRange(15_000, 40_000), "as large as what is true, and not larger");
    }

    [Test]
    public async Task ASlowWayIsNotAskedMoreOftenThanItPays()
    {
        DriftingProcess slow = Process(3, 2e-5, 100, 100);
        slow.PausesMax = 100;
        await RunAsync(new ClockSynchronizer(slow, Methods.Clock, slow), slow);
        Assert.That(slow.Pauses.Skip(40), Is.All.EqualTo(Period));

        DriftingProcess fast = Process(3, 2e-5, 1, 1);
        await RunAsync(new ClockSynchronizer(fast, Methods.Clock, fast), fast);
        Assert.That(fast.Pauses[0], Is.EqualTo(TimeSpan.FromMilliseconds(100)), "soon again, for the drift is unknown");
        double mean = fast.Pauses.Skip(40).Average(static pause => pause.TotalSeconds);
        Assert.That(mean, Is.InRange(0.15, 0.6));
        Assert.That(
            fast.Exchanges,
            Is.EqualTo(fast.Pauses.Count * ClockSynchronizer.ExchangesPerRound).Within(ClockSynchronizer.ExchangesPerRound));
    }

    [Test]
    public async Task AVisorThatManyAskIsAskedLessOften()
    {
        DriftingProcess process = Process(4, 0, 1, 1);
        process.PausesMax = 50;
        process.PauseMilliseconds = 20_000;
        process.Look = () => Assert.That(process.Error, Is.LessThanOrEqualTo(process.UncertaintyNanoseconds));
        await RunAsync(new ClockSynchronizer(process, Methods.Clock, process), process);
        Assert.That(process.Pauses, Is.All.EqualTo(TimeSpan.FromSeconds(20)));
        Assert.That(
            process.Exchanges,
            Is.LessThanOrEqualTo(ClockSynchronizer.ExchangesPerRound + (50 * ClockSynchronizer.ExchangesPerRoundOfMany)));

        DriftingProcess fooled = Process(4, 0, 1, 1);
        fooled.PausesMax = 5;
        fooled.PauseMilliseconds = uint.MaxValue;
        await RunAsync(new ClockSynchronizer(fooled, Methods.Clock, fooled), fooled);
        Assert.That(fooled.Pauses, Is.All.EqualTo(TimeSpan.FromMinutes(1)), "whatever a Visor says");
    }

    [Test]
    public async Task WhileTheVisorIsAwayTheBoundGrowsAndStaysTrue()
    {
        DriftingProcess process = Process(5, 1e-4, 1, 1);
        process.PausesMax = 300;
        ulong away = 0;
        process.Look = () =>
        {
            process.VisorIsAway = process.Pauses.Count is > 100 and < 200;
            away = process.VisorIsAway ? process.UncertaintyNanoseconds : away;
            Assert.That(process.Error, Is.LessThanOrEqualTo(process.UncertaintyNanoseconds));
        };
        await RunAsync(new ClockSynchronizer(process, Methods.Clock, process), process);
        Assert.That(away, Is.GreaterThan(5_000_000), "after some minutes");
        Assert.That(process.UncertaintyNanoseconds, Is.LessThan(100_000), "it came back");
        Assert.That(process.Pauses, Is.All.LessThanOrEqualTo(Period));
    }

    private static DriftingProcess Process(int seed, double drift, double requestFactor, double replyFactor)
    {
        var random = new Random(seed);
        return new DriftingProcess(
            new DriftingClock(random, 5e13 * random.NextDouble(), drift), requestFactor, replyFactor);
    }

    private static async Task RunAsync(ClockSynchronizer synchronizer, DriftingProcess process)
    {
        await synchronizer.SynchronizeAsync();
        await synchronizer.RunAsync(process, Period, process.Ending.Token);
    }
}
