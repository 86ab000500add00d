using ChronoLog.Core.Time;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Time;

[TestFixture]
public sealed class AcceptanceTimeWindowTests
{
    [Test]
    public void TheQuantileIsThatOfTheLastMeasurements([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        int size = random.Next(1, 300);
        var window = new LatencyWindow(size);
        var all = new List<ulong>();
        for (int i = random.Next(1, 1000); i > 0; i--)
        {
            ulong latency = (ulong)random.NextInt64(1_000_000);
            window.Add(latency);
            all.Add(latency);
            double part = 1 - random.NextDouble();
            ulong found = window.Quantile(part);
            List<ulong> kept = [.. all.TakeLast(size)];
            Assert.That(kept, Does.Contain(found), $"seed {seed}");
            Assert.That(kept.Count(each => each <= found), Is.GreaterThanOrEqualTo(part * kept.Count), $"seed {seed}");
            Assert.That(kept.Count(each => each < found), Is.LessThan(part * kept.Count), $"seed {seed}");
        }
    }

    [Test]
    public void ItIsTwiceTheLatencyThatNearlyAllHadWithinItsLimits([Range(1, 10)] int seed)
    {
        var random = new Random(seed);
        var latency = new LatencyWindow(256);
        var floor = TimeSpan.FromMicroseconds(random.Next(1, 3000));
        var ceiling = TimeSpan.FromMicroseconds(random.Next(1, 3000));
        var atw = new AcceptanceTimeWindow(latency, floor, ceiling);
        ulong most = (ulong)Math.Max(floor.TotalNanoseconds, ceiling.TotalNanoseconds);
        Assert.That(atw.Nanoseconds, Is.EqualTo(most), "nothing is known yet");
        for (int i = 0; i < 500; i++)
        {
            latency.Add((ulong)random.NextInt64(2_000_000));
            Assert.That(atw.Nanoseconds, Is.InRange((ulong)floor.TotalNanoseconds, most), $"seed {seed}");
            Assert.That(
                atw.Nanoseconds,
                Is.EqualTo(Math.Clamp(2 * latency.Quantile(0.99), (ulong)floor.TotalNanoseconds, most)), $"seed {seed}");
        }
    }

    [Test]
    public void ItFollowsANetworkThatBecomesSlowAndFastAgain()
    {
        var latency = new LatencyWindow(100);
        var atw = new AcceptanceTimeWindow(latency, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1));
        Fill(latency, 2_000_000);
        Assert.That(atw.Nanoseconds, Is.EqualTo(4_000_000));
        Fill(latency, 50_000_000);
        Assert.That(atw.Nanoseconds, Is.EqualTo(100_000_000));
        latency.Add(ulong.MaxValue); // one of a hundred
        Assert.That(atw.Nanoseconds, Is.EqualTo(100_000_000));
        Fill(latency, 3_000);
        Assert.That(atw.Nanoseconds, Is.EqualTo(1_000_000), "not below the floor");
        Fill(latency, ulong.MaxValue);
        Assert.That(atw.Nanoseconds, Is.EqualTo(1_000_000_000), "not above the ceiling, and no overflow");
    }

    [Test]
    public void ItFollowsWhateverIsSlowerTheNetworkOrTheEventsOnTheirWay()
    {
        (LatencyWindow latency, LatencyWindow arrivals) = (new LatencyWindow(100), new LatencyWindow(100));
        var atw = new AcceptanceTimeWindow(latency, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1), arrivals);
        Fill(latency, 2_000_000);
        Assert.That(atw.Nanoseconds, Is.EqualTo(4_000_000));
        Fill(arrivals, 30_000_000);
        Assert.That((atw.LatencyNanoseconds, atw.Nanoseconds), Is.EqualTo((30_000_000UL, 60_000_000UL)));
        Fill(latency, 40_000_000);
        Assert.That(atw.Nanoseconds, Is.EqualTo(80_000_000));
    }

    private static void Fill(LatencyWindow latency, ulong nanoseconds)
    {
        for (int i = 0; i < 100; i++)
        {
            latency.Add(nanoseconds);
        }
    }
}
