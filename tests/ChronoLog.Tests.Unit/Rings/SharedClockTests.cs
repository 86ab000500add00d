using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Transport.Rings;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Rings;

[TestFixture]
public sealed class SharedClockTests
{
    [Test]
    public void MeasuresTheDistanceFromTheSynchronisationPoint()
    {
        const ulong Hour = 3_600_000_000_000;
        using var clock = new SharedClock();
        Assert.That(clock.Now, Is.Zero);
        ulong before = clock.LocalNanoseconds;
        clock.Set(before - Hour, 1000 * Hour, 42, rate: 1.001);
        ulong now = clock.Now;
        ulong passed = clock.LocalNanoseconds - before;
        Assert.That(
            now, Is.InRange((1001 * Hour) + (Hour / 1000) - 1000, (1001 * Hour) + (Hour / 1000) + (2 * passed)));
        Assert.That(clock.UncertaintyNanoseconds, Is.EqualTo(42));
    }

    [Test]
    public void NeverGoesBack()
    {
        using var clock = new SharedClock();
        ulong monotonic = clock.LocalNanoseconds;
        clock.Set(monotonic, 2_000_000_000, 0);
        ulong before = clock.Now;
        Assert.That(clock.Set(monotonic, 1_500_000_000, 0), Is.InRange(499_999_999, 500_000_001));
        Assert.That(clock.Now, Is.GreaterThanOrEqualTo(before));
    }

    [Test]
    public void TheNativeClockReadsTheSameLine([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        using var clock = new SharedClock();
        ulong begin = clock.LocalNanoseconds - (ulong)random.NextInt64(1, 1_000_000_000_000);
        var line = new ClockLine(
            begin,
            1_700_000_000_000_000_000,
            (ulong)(ClockLine.RateOne * (1 + ((random.NextDouble() - 0.5) / 100))),
            (ulong)random.NextInt64(0, 1_000_000_000_000),
            (ulong)(ClockLine.RateOne * (1 + ((random.NextDouble() - 0.5) / 100))),
            (ulong)random.Next(1_000_000),
            (ulong)random.Next(1_000_000),
            (ulong)random.Next(1_000_000));
        clock.Steer(line);
        ulong before = clock.LocalNanoseconds;
        (ulong now, ulong uncertainty) = (clock.Now, clock.UncertaintyNanoseconds);
        ulong after = clock.LocalNanoseconds;
        Assert.That(now, Is.InRange(line.At(before), line.At(after)));
        Assert.That(
            uncertainty, Is.EqualTo(line.UncertaintyAt(before)).Or.EqualTo(line.UncertaintyAt(after))
                .Or.InRange(line.UncertaintyAt(before), line.UncertaintyAt(after)));
    }

    [Test]
    public void TheSourceIsNamed()
    {
        using var clock = new SharedClock();
        string text = SharedClock.DescribeSource(out bool isCounter);
        Assert.That(clock.TickSource, Is.EqualTo(isCounter ? "tsc" : "monotonic"));
        Assert.That(text, Does.StartWith(isCounter ? "tsc at " : "CLOCK_MONOTONIC: "));
        Assert.That(clock.VerifyLocal(), Is.True);
    }

    [TestCase(0.98)]
    [TestCase(1.02)]
    [TestCase(0.0)]
    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    public void RefusesRatesThatNoClockHas(double rate)
    {
        using var clock = new SharedClock();
        Assert.That(() => clock.Set(0, 1, 0, rate),
            Throws.InstanceOf<ChronoLogException>().With.Property("Status").EqualTo(Status.InvalidArgument));
        Assert.That(clock.Now, Is.Zero);
    }
}
