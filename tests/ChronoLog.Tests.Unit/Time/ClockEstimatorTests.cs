using ChronoLog.Core.Time;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Time;

[TestFixture]
public sealed class ClockEstimatorTests
{
    private const double Second = 1e9;
    private const int RoundsPerCase = 1_000;
    private const int ExchangesPerRound = 5;

    // 20 cases of 1000 rounds of 5 exchanges: 100,000 samples.
    [Test]
    public void TheTrueErrorIsWithinTheStatedBound(
        [Values(-1e-4, -1e-5, 0, 3e-5, 1e-4)] double drift, [Values(1, 10)] double requestFactor,
        [Values(1, 10)] double replyFactor)
    {
        int seed = HashCode.Combine(drift, requestFactor, replyFactor);
        var random = new Random(seed);
        var clock = new DriftingClock(random, 5e13 * random.NextDouble(), drift);
        var estimator = new ClockEstimator();
        var discipline = new ClockDiscipline();
        ulong lastTick = 0;
        for (int round = 0; round < RoundsPerCase; round++)
        {
            Assert.That(estimator.Add(Round(clock, requestFactor, replyFactor)), Is.True);
            CheckBound(clock, estimator.At(clock.Local), seed);
            discipline.Steer(clock.Local, estimator.At(clock.Local));
            for (int look = 0; look < 3; look++)
            {
                clock.Pass(random.NextDouble() * 4 * Second);
                CheckBound(clock, estimator.At(clock.Local), seed);
                ulong tick = discipline.Line.At(clock.Local);
                Assert.That(tick, Is.GreaterThanOrEqualTo(lastTick), $"seed {seed}: the clock went back");
                lastTick = tick;
                Assert.That(
                    Apart(tick, clock.BaseTick), Is.LessThanOrEqualTo(discipline.Line.UncertaintyAt(clock.Local)),
                    $"seed {seed}, round {round}: the line's bound");
            }
        }

        Assert.That(estimator.Contradictions, Is.Zero);
    }

    [Test]
    public void TheBoundIsNoLargerThanTheRoundTripAndTheAgeExplain()
    {
        var clock = new DriftingClock(new Random(7), 1e12, 1e-4);
        var estimator = new ClockEstimator();
        for (int round = 0; round < 20; round++)
        {
            estimator.Add(Round(clock, 1, 1));
            clock.Pass(5 * Second);
        }

        ClockEstimate estimate = estimator.At(clock.Local);
        double age = clock.Local - estimator.Newest.LowLocal;
        Assert.That(estimate.Uncertainty, Is.LessThan(estimator.Newest.RoundTrip + (5e-5 * age)));
        Assert.That(estimate.Drift, Is.EqualTo(-1e-4).Within(estimate.DriftUncertainty + 1e-8));
        Assert.That(estimate.DriftUncertainty, Is.LessThan(5e-5));
    }

    [Test]
    public void OneSampleIsGoodForHalfItsRoundTripAndTheDriftOfItsAge()
    {
        const ulong Base = DriftingClock.Start;
        var estimator = new ClockEstimator();
        estimator.Add([new ClockSample(1_000_000, 1_100_000, Base, Base + 20_000, BaseUncertainty: 700)]);
        ClockEstimate now = estimator.At(1_100_000);
        Assert.That(now.Tick, Is.EqualTo(Base + 60_000).Within(100));
        Assert.That(now.Uncertainty, Is.EqualTo(40_000 + 700).Within(100 + 2));
        ClockEstimate later = estimator.At(1_001_100_000);
        Assert.That(later.Uncertainty - now.Uncertainty, Is.EqualTo(ClockEstimator.DriftMax * Second).Within(10));
    }

    [Test]
    public void TheLeastRoundTripOfARoundCounts()
    {
        const ulong Base = DriftingClock.Start;
        var estimator = new ClockEstimator();
        estimator.Add([
            new ClockSample(1_000_000, 9_000_000, Base, Base),
            new ClockSample(10_000_000, 10_050_000, Base + 5_000_000, Base + 5_000_000),
            new ClockSample(11_000_000, 12_000_000, Base + 6_000_000, Base + 6_000_000),
        ]);
        Assert.That(estimator.Newest.RoundTrip, Is.EqualTo(50_000));
    }

    [Test]
    public void TheFastestRequestAndTheFastestReplyOfARoundAreTaken()
    {
        const ulong Base = DriftingClock.Start;
        var estimator = new ClockEstimator();
        estimator.Add([
            new ClockSample(1_000_000, 1_210_000, Base + 10_000, Base + 10_000), // 10 us there, 200 back
            new ClockSample(2_000_000, 2_220_000, Base + 1_200_000, Base + 1_200_000), // 200 there, 20 back
            new ClockSample(3_000_000, 3_300_000, Base + 2_150_000, Base + 2_150_000),
        ]);
        Assert.That(estimator.Newest.RoundTrip, Is.EqualTo(210_000), "no exchange was shorter");
        ClockEstimate estimate = estimator.At(3_300_000);
        Assert.That(estimate.Uncertainty, Is.InRange(15_000, 15_000 + 3_000), "half of 10 + 20, and some drift");
        Assert.That(estimate.Tick, Is.EqualTo(Base + 2_300_000).Within(8_000));
    }

    [Test]
    public void ARoundThatContradictsItselfIsNoEnd()
    {
        const ulong Base = DriftingClock.Start;
        var estimator = new ClockEstimator();
        estimator.Add([
            new ClockSample(1_000_000, 1_010_000, Base, Base + 5_000),
            new ClockSample(2_000_000, 2_010_000, Base + 5_000_000, Base + 5_005_000),
        ]);
        Assert.That(estimator.Contradictions, Is.EqualTo(1));
        Assert.That(estimator.At(2_010_000).Uncertainty, Is.GreaterThan(1_900_000));
    }

    [Test]
    public void SamplesOfAnotherEpochReplaceTheOldOnes()
    {
        var clock = new DriftingClock(new Random(3), 1e12, 0);
        var estimator = new ClockEstimator();
        for (int i = 0; i < 5; i++)
        {
            estimator.Add([clock.Exchange()]);
            clock.Pass(Second);
        }

        ClockSample jumped = clock.Exchange();
        estimator.Add([jumped with
        {
            BaseReceive = jumped.BaseReceive + 100_000_000_000, BaseSend = jumped.BaseSend + 100_000_000_000, Epoch = 2,
        }]);
        Assert.That(estimator.Count, Is.EqualTo(1));
        Assert.That(estimator.Contradictions, Is.Zero);
        Assert.That(estimator.At(clock.Local).Tick, Is.EqualTo(clock.BaseTick + 100_000_000_000).Within(10_000_000));
    }

    [Test]
    public void SamplesThatContradictTheOldOnesReplaceThem()
    {
        var clock = new DriftingClock(new Random(3), 1e12, 0);
        var estimator = new ClockEstimator();
        estimator.Add([clock.Exchange()]);
        clock.Pass(Second);
        ClockSample jumped = clock.Exchange();
        estimator.Add([jumped with { BaseReceive = jumped.BaseReceive - 90_000_000, BaseSend = jumped.BaseSend - 90_000_000 }]);
        Assert.That((estimator.Count, estimator.Contradictions), Is.EqualTo((1, 1)));
    }

    [TestCase(100ul, 50ul, 5ul, 6ul)]
    [TestCase(100ul, 150ul, 6ul, 5ul)]
    [TestCase(100ul, 150ul, 5ul, ulong.MaxValue)]
    [TestCase(100ul, 150ul, 5ul, 2000ul)]
    [TestCase(100ul, ulong.MaxValue, 5ul, 6ul)]
    public void WhatCannotBeIsRefused(ulong sent, ulong received, ulong baseReceived, ulong baseSent)
    {
        var estimator = new ClockEstimator();
        Assert.That(estimator.Add([new ClockSample(sent, received, baseReceived, baseSent)]), Is.False);
        Assert.That(() => estimator.At(0), Throws.InvalidOperationException);
    }

    /// <summary>Two processes that began 10 minutes apart and drift apart by 200 ppm answer each other.</summary>
    [Test]
    public void ACausalPingPongIsOrderedRight([Range(1, 20)] int seed)
    {
        (int ordered, int misordered) = PingPong(seed, rounds: int.MaxValue, static (clock, line) => line.At(clock.Local));
        Assert.That(misordered, Is.Zero);
        Assert.That(ordered, Is.GreaterThan(1000), "the bounds are small enough to say something");
    }

    /// <summary>Without this the test above would say nothing.</summary>
    [Test]
    public void ThePingPongShowsClocksThatAreNotSynchronised([Range(1, 20)] int seed)
    {
        (_, int local) = PingPong(seed, rounds: int.MaxValue, static (clock, _) => clock.Local);
        Assert.That(local, Is.GreaterThan(500), "their own clocks, 10 minutes apart");
        (_, int once) = PingPong(seed, rounds: 1, static (clock, line) => line.At(clock.Local));
        Assert.That(once, Is.GreaterThan(0), "set once, and believed ever since");
    }

    // The bound is that of synchronised clocks, whatever the ticks are taken from.
    private static (int Ordered, int Misordered) PingPong(int seed, int rounds, Func<DriftingClock, ClockLine, ulong> read)
    {
        var random = new Random(seed);
        var first = new DriftingClock(random, 1e12, 1e-4);
        var second = new DriftingClock(random, 1e12 + (600 * Second), -1e-4);
        (DriftingClock Clock, ClockEstimator Estimator, ClockDiscipline Discipline, ClockDiscipline Used)[] both =
        [
            (first, new ClockEstimator(), new ClockDiscipline(), new ClockDiscipline()),
            (second, new ClockEstimator(), new ClockDiscipline(), new ClockDiscipline()),
        ];
        (ulong Tick, ulong Epsilon, double True) last = default;
        (int ordered, int misordered) = (0, 0);
        for (int turn = 0; turn < 2000; turn++)
        {
            (DriftingClock clock, ClockEstimator estimator, ClockDiscipline discipline, ClockDiscipline used) = both[turn % 2];
            clock.Pass(Math.Max(0, both[(turn + 1) % 2].Clock.True - clock.True));
            if (turn % 100 < 2)
            {
                estimator.Add(Round(clock, 1, 5));
                discipline.Steer(clock.Local, estimator.At(clock.Local));
                if (turn / 100 < rounds)
                {
                    used.Steer(clock.Local, estimator.At(clock.Local));
                }
            }

            clock.Pass(random.NextDouble() * 3_000_000); // the message's way
            (ulong tick, ulong epsilon) = (read(clock, used.Line), discipline.Line.UncertaintyAt(clock.Local));
            if (clock.True - last.True > epsilon + last.Epsilon)
            {
                (ordered, misordered) = tick > last.Tick ? (ordered + 1, misordered) : (ordered, misordered + 1);
            }

            last = (tick, epsilon, clock.True);
        }

        return (ordered, misordered);
    }

    private static ClockSample[] Round(DriftingClock clock, double requestFactor, double replyFactor)
    {
        var round = new ClockSample[ExchangesPerRound];
        for (int i = 0; i < round.Length; i++)
        {
            round[i] = clock.Exchange(requestFactor, replyFactor);
        }

        return round;
    }

    private static void CheckBound(DriftingClock clock, ClockEstimate estimate, int seed) =>
        Assert.That(Apart(estimate.Tick, clock.BaseTick), Is.LessThanOrEqualTo(estimate.Uncertainty + 1), $"seed {seed}");

    private static ulong Apart(ulong left, ulong right) => left > right ? left - right : right - left;
}
