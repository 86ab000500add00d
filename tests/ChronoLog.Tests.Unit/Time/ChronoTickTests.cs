using System.Globalization;
using ChronoLog.Core.Time;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Time;

public sealed class ChronoTickTests
{
    private const ulong Now = 1_700_000_000_000_000_000;

    [TestCase("0", 0ul)]
    [TestCase("18446744073709551615", ulong.MaxValue)]
    [TestCase("now", Now)]
    [TestCase("-10m", Now - 600_000_000_000)]
    [TestCase("+5s", Now + 5_000_000_000)]
    [TestCase("-100000d", 0ul)]
    [TestCase("+200000d", ulong.MaxValue)]
    [TestCase("1970-01-01T00:00:00Z", 0ul)]
    [TestCase("2023-11-14T22:13:20Z", Now)]
    [TestCase("2023-11-14t22:13:20z", Now)]
    [TestCase("2023-11-14T22:13:20.5Z", Now + 500_000_000)]
    [TestCase("2023-11-14T22:13:20.123456789Z", Now + 123_456_789)]
    [TestCase("2023-11-14T23:13:20+01:00", Now)]
    [TestCase("2023-11-14T16:43:20.000000001-05:30", Now + 1)]
    [TestCase("2554-07-21T23:34:33.709551615Z", ulong.MaxValue)]
    public void Reads(string text, ulong expected) => Assert.That(ChronoTick.Parse(text, Now), Is.EqualTo(expected));

    [TestCase("")]
    [TestCase(" 5")]
    [TestCase("18446744073709551616")]
    [TestCase("-5")]
    [TestCase("--5s")]
    [TestCase("5s")]
    [TestCase("yesterday")]
    [TestCase("2023-11-14")]
    [TestCase("2023-11-14T22:13:20")]
    [TestCase("2023-13-14T22:13:20Z")]
    [TestCase("2023-11-14T22:13:20.Z")]
    [TestCase("2023-11-14T22:13:20.1234567891Z")]
    [TestCase("2023-11-14T22:13:20+25:00")]
    [TestCase("1969-12-31T23:59:59Z")]
    [TestCase("2554-07-21T23:34:33.709551616Z")]
    [TestCase("9999-12-31T23:59:59Z")]
    public void Refuses(string text)
    {
        Assert.That(ChronoTick.TryParse(text, Now, out ulong tick), Is.False);
        Assert.That(tick, Is.Zero);
        Assert.That(() => ChronoTick.Parse(text, Now), Throws.TypeOf<FormatException>());
    }

    [Test]
    public void Formatted_ticks_are_read_back() =>
        Prop.ForAll<ulong>(tick => ChronoTick.Parse(ChronoTick.Format(tick), 0) == tick
            && ChronoTick.Parse(tick.ToString(CultureInfo.InvariantCulture), 0) == tick)
            .QuickCheckThrowOnFailure();

    [TestCase(0ul, "1970-01-01T00:00:00.000000000Z")]
    [TestCase(Now + 42, "2023-11-14T22:13:20.000000042Z")]
    [TestCase(ulong.MaxValue, "2554-07-21T23:34:33.709551615Z")]
    public void Formats(ulong tick, string expected) => Assert.That(ChronoTick.Format(tick), Is.EqualTo(expected));

    [TestCase("0", 0ul)]
    [TestCase("10ns", 10ul)]
    [TestCase("250us", 250_000ul)]
    [TestCase("500ms", 500_000_000ul)]
    [TestCase("30s", 30_000_000_000ul)]
    [TestCase("1.5s", 1_500_000_000ul)]
    [TestCase("5m", 300_000_000_000ul)]
    [TestCase("1h30m", 5_400_000_000_000ul)]
    [TestCase("2d", 172_800_000_000_000ul)]
    [TestCase("0.000000001s", 1ul)]
    [TestCase("18446744073709551615ns", ulong.MaxValue)]
    public void Reads_durations(string text, ulong expected) =>
        Assert.That(ChronoTick.ParseDuration(text), Is.EqualTo(expected));

    [TestCase("")]
    [TestCase("5")]
    [TestCase("s")]
    [TestCase("5 s")]
    [TestCase("-5s")]
    [TestCase("5x")]
    [TestCase("1.s")]
    [TestCase(".5s")]
    [TestCase("1.2.3s")]
    [TestCase("0.5ns")]
    [TestCase("0.0000000001s")]
    [TestCase("18446744073709551616ns")]
    [TestCase("18446744073s1s")]
    [TestCase("999999999999d")]
    public void Refuses_durations(string text) =>
        Assert.That(() => ChronoTick.ParseDuration(text), Throws.TypeOf<FormatException>());

    [Test]
    public void Formatted_durations_are_read_back() =>
        Prop.ForAll<ulong>(duration => ChronoTick.ParseDuration(ChronoTick.FormatDuration(duration)) == duration)
            .QuickCheckThrowOnFailure();

    [TestCase(0ul, "0s")]
    [TestCase(90_000_000_000ul, "90s")]
    [TestCase(7_200_000_000_000ul, "2h")]
    [TestCase(1_500_000ul, "1500us")]
    public void Formats_durations(ulong duration, string expected) =>
        Assert.That(ChronoTick.FormatDuration(duration), Is.EqualTo(expected));

    [Test]
    public void Arithmetic_stops_at_both_ends()
    {
        Prop.ForAll<ulong, ulong>((left, right) =>
            ChronoTick.AddSaturating(left, right) == (ulong)UInt128.Min((UInt128)left + right, ulong.MaxValue)
            && ChronoTick.MultiplySaturating(left, right) == (ulong)UInt128.Min((UInt128)left * right, ulong.MaxValue)
            && ChronoTick.SubtractSaturating(left, right) == (left > right ? left - right : 0))
            .QuickCheckThrowOnFailure();
        Assert.Multiple(() =>
        {
            Assert.That(ChronoTick.AddSaturating(ulong.MaxValue - 1, 1), Is.EqualTo(ulong.MaxValue));
            Assert.That(ChronoTick.AddSaturating(ulong.MaxValue, ulong.MaxValue), Is.EqualTo(ulong.MaxValue));
            Assert.That(ChronoTick.MultiplySaturating(1ul << 32, 1ul << 32), Is.EqualTo(ulong.MaxValue));
            Assert.That(ChronoTick.IsWithin(ulong.MaxValue, 5, ulong.MaxValue));
            Assert.That(ChronoTick.IsWithin(9, 5, 9), Is.False);
        });
    }
}
