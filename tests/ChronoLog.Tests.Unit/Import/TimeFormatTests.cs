using ChronoLog.App.Import;
using ChronoLog.Core.Settings;
using ChronoLog.Core.Time;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Import;

[TestFixture]
public sealed class TimeFormatTests
{
    // Written on the 2nd of January 2026.
    private static readonly ulong Written = Tick("2026-01-02T00:00:00Z");

    [TestCase("rfc3339", "2023-11-14T22:13:20Z rest", "2023-11-14T22:13:20Z")]
    [TestCase("rfc3339", "2023-11-14 22:13:20.123456789+01:00", "2023-11-14T21:13:20.123456789Z")]
    [TestCase("rfc3339", "2023-11-14t22:13:20,5 -0230", "2023-11-15T00:43:20.5Z")]
    [TestCase("rfc3339", "2023-11-14T22:13:20", "2023-11-14T22:13:20Z")]
    [TestCase("rfc3339", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z")]
    [TestCase("unix", "1700000000.25 x", "2023-11-14T22:13:20.25Z")]
    [TestCase("unix", "1700000000", "2023-11-14T22:13:20Z")]
    [TestCase("unix-ms", "1700000000123.5", "2023-11-14T22:13:20.1235Z")]
    [TestCase("unix-us", "1700000000123456,789", "2023-11-14T22:13:20.123456789Z")]
    [TestCase("unix-ns", "1700000000123456789", "2023-11-14T22:13:20.123456789Z")]
    [TestCase("syslog", "Jan  1 03:04:05 host sshd: x", "2026-01-01T03:04:05Z")]
    [TestCase("syslog", "Dec 31 23:59:59 host x", "2025-12-31T23:59:59Z")]
    [TestCase("syslog", "Jan  2 12:00:00 a day's slack", "2026-01-02T12:00:00Z")]
    [TestCase("syslog", "Feb 29 12:00:00 the last leap year", "2024-02-29T12:00:00Z")]
    [TestCase("syslog", "Oct 11 22:14:15.003 host x", "2025-10-11T22:14:15.003Z")]
    [TestCase("clf", "14/Nov/2023:22:13:20 +0100] \"GET", "2023-11-14T21:13:20Z")]
    [TestCase("%d.%m.%Y %H:%M:%S%f", "14.11.2023   22:13:20,125", "2023-11-14T22:13:20.125Z")]
    [TestCase("%a, %e %B %Y %I:%M:%S %p", "Tue, 14 November 2023 10:13:20 PM", "2023-11-14T22:13:20Z")]
    [TestCase("%I:%M %p %D", "12:05 am 11/14/23", "2023-11-14T00:05:00Z")]
    [TestCase("%Y.%j %T %z", "2024.366 00:00:01 Z", "2024-12-31T00:00:01Z")]
    [TestCase("[%s%f]", "[1700000000.5]", "2023-11-14T22:13:20.5Z")]
    [TestCase("%%%F", "%2023-11-14", "2023-11-14T00:00:00Z")]
    public void IsRead(string format, string text, string expected) => Assert.That(
        Format(format).TryRead(text, out ulong tick) ? tick : 0, Is.EqualTo(Tick(expected)), ChronoTick.Format(tick));

    [TestCase("rfc3339", "")]
    [TestCase("rfc3339", "2023-11-14")]
    [TestCase("rfc3339", "2023-13-14T22:13:20Z")]
    [TestCase("rfc3339", "2023-02-29T22:13:20Z")]
    [TestCase("rfc3339", "2023-11-14T24:13:20Z")]
    [TestCase("rfc3339", "1969-12-31T23:59:59Z")]
    [TestCase("rfc3339", "2023-11-14T22:13:20+1")]
    [TestCase("rfc3339", "at java.lang.Thread.run")]
    [TestCase("unix", "x1700000000")]
    [TestCase("unix", "99999999999999999999")]
    [TestCase("unix-ns", "999999999999999999999999")]
    [TestCase("syslog", "Foo  1 03:04:05")]
    [TestCase("syslog", "Feb 30 03:04:05")]
    [TestCase("clf", "14/Nov/2023")]
    [TestCase("%I:%M %p %D", "13:05 am 11/14/23")]
    public void IsNoTime(string format, string text) => Assert.That(Format(format).TryRead(text, out _), Is.False);

    [TestCase("tomorrow")]
    [TestCase("%Y-%Q")]
    [TestCase("%Y%")]
    public void IsNoFormat(string format) => Assert.That(() => Format(format), Throws.InstanceOf<SettingException>());

    [Test]
    public void AZoneIsOfTimesWithoutAnOffset()
    {
        TimeZoneInfo zone = TimeZoneInfo.CreateCustomTimeZone("x", TimeSpan.FromHours(2), "x", "x");
        TimeFormat format = TimeFormat.Of("rfc3339", zone, new YearGuess(null, Written));
        Assert.That(format.TryRead("2023-11-14T22:13:20", out ulong tick), Is.True);
        Assert.That(tick, Is.EqualTo(Tick("2023-11-14T20:13:20Z")));
        Assert.That(format.TryRead("2023-11-14T22:13:20Z", out tick), Is.True);
        Assert.That(tick, Is.EqualTo(Tick("2023-11-14T22:13:20Z")));
    }

    [Test]
    public void AGivenYearIsNotGuessed()
    {
        TimeFormat format = TimeFormat.Of("syslog", TimeZoneInfo.Utc, new YearGuess(2001, Written));
        Assert.That(format.TryRead("Jun  3 00:00:00 x", out ulong tick), Is.True);
        Assert.That(tick, Is.EqualTo(Tick("2001-06-03T00:00:00Z")));
    }

    /// <summary>Every time that can be written is read back.</summary>
    [Test]
    public void WhatIsFormattedIsReadBack([Values("rfc3339", "unix-ns", "%Y-%m-%dT%H:%M:%S%fZ", "%j of %Y %k:%M:%S%f")] string format)
    {
        var random = new Random(7);
        for (int i = 0; i < 10_000; i++)
        {
            ulong tick = (ulong)random.NextInt64(1, long.MaxValue);
            DateTime time = DateTime.UnixEpoch.AddTicks((long)(tick / 100));
            string text = format switch
            {
                "unix-ns" => $"{tick}",
                "%j of %Y %k:%M:%S%f" => $"{time.DayOfYear} of {time:yyyy} {time.Hour,2}:{time:mm:ss}.{tick % 1_000_000_000:D9}",
                _ => ChronoTick.Format(tick),
            };
            Assert.That(Format(format).TryRead(text, out ulong read) ? read : 0, Is.EqualTo(tick), text);
        }
    }

    private static TimeFormat Format(string name) => TimeFormat.Of(name, TimeZoneInfo.Utc, new YearGuess(null, Written));

    private static ulong Tick(string text) => ChronoTick.Parse(text, 0);
}
