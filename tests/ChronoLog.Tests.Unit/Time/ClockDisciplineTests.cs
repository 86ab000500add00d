using ChronoLog.Core.Time;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Time;

[TestFixture]
public sealed class ClockDisciplineTests
{
    private const ulong Base = 1_700_000_000_000_000_000;
    private const ulong Second = 1_000_000_000;

    [Test]
    public void TheFirstEstimateSetsTheClock()
    {
        var discipline = new ClockDiscipline();
        ClockLine line = discipline.Steer(5 * Second, new ClockEstimate(Base, 1e-5, 300, 1e-6));
        Assert.That(line.At(5 * Second), Is.EqualTo(Base));
        Assert.That(line.At(6 * Second), Is.EqualTo(Base + Second + 10_000).Within(2));
        Assert.That(line.At(4 * Second), Is.EqualTo(Base), "before its beginning a line stands");
        Assert.That(line.UncertaintyAt(6 * Second), Is.EqualTo(300 + 1000).Within(3));
    }

    [TestCase(1_000_000)]
    [TestCase(-1_000_000)]
    public void ACorrectionIsSlewedAndThenOver(long correction)
    {
        var discipline = new ClockDiscipline();
        discipline.Steer(Second, new ClockEstimate(Base, 0, 0, 0));
        ClockLine line = discipline.Steer(2 * Second, new ClockEstimate(Base + Second + (ulong)correction, 0, 0, 0));
        Assert.That(line.At(2 * Second), Is.EqualTo(Base + Second), "no jump");
        Assert.That((long)(line.At(3 * Second) - Base - (2 * Second)), Is.EqualTo(correction).Within(3));
        Assert.That((long)(line.At(100 * Second) - Base - (99 * Second)), Is.EqualTo(correction).Within(3));
        Assert.That(line.UncertaintyAt(2 * Second), Is.GreaterThanOrEqualTo(1_000_000));
        Assert.That(line.UncertaintyAt(4 * Second), Is.LessThan(1_000));
    }

    [TestCase(3_600_000_000_000)]
    [TestCase(-3_600_000_000_000)]
    [TestCase(long.MaxValue / 4)]
    public void AJumpOfTheBaseClockIsNoJumpOfThisOne(long jump)
    {
        var discipline = new ClockDiscipline();
        discipline.Steer(Second, new ClockEstimate(Base, 0, 0, 0));
        ClockLine line = discipline.Steer(2 * Second, new ClockEstimate(Base + Second + (ulong)jump, 0, 0, 0));
        ulong after = line.At(62 * Second) - line.At(2 * Second);
        Assert.That(after, Is.EqualTo(60 * Second).Within((ulong)(60 * Second * 0.0011)));
        Assert.That(line.UncertaintyAt(62 * Second), Is.GreaterThanOrEqualTo((ulong)Math.Min(Math.Abs(jump), (long)1e18)));
    }

    [Test]
    public void TicksNeverGoBackWhateverTheEstimatesAre([Range(1, 10)] int seed)
    {
        var random = new Random(seed);
        var discipline = new ClockDiscipline();
        ulong local = Second;
        ulong last = 0;
        for (int i = 0; i < 1000; i++)
        {
            ulong truth = (ulong)((long)Base + random.NextInt64(-10_000_000_000, 10_000_000_000));
            var estimate = new ClockEstimate(truth, (random.NextDouble() - 0.5) * 2e-3, 10, 1e-6);
            ClockLine line = discipline.Steer(local, estimate);
            for (int look = 0; look < 5; look++)
            {
                Assert.That(line.At(local), Is.GreaterThanOrEqualTo(last));
                last = line.At(local);
                local += (ulong)random.NextInt64(1, 3_000_000_000);
            }
        }
    }

    [Test]
    public void AnotherLocalClockGoesOnAtTheSameTick()
    {
        var discipline = new ClockDiscipline();
        discipline.Steer(Second, new ClockEstimate(Base, 0, 0, 0));
        discipline.Rebase(500 * Second, Base + 77);
        ClockLine line = discipline.Steer(500 * Second, new ClockEstimate(Base + 77, 0, 0, 0));
        Assert.That(line.At(500 * Second), Is.EqualTo(Base + 77));
        Assert.That(discipline.LastCorrection, Is.Zero);
    }
}
