using ChronoLog.Core.Protocol;
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
