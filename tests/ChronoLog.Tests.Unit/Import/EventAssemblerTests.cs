using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using ChronoLog.App.Import;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Import;

[TestFixture]
public sealed class EventAssemblerTests
{
    private const ulong Latest = 1_800_000_000_000_000_000;

    [Test]
    public void LinesWithoutATimeContinueTheEventBefore()
    {
        List<(EventKey Key, string Record)> events = Read(
            new ImportOptions { Format = "rfc3339", Zone = TimeZoneInfo.Utc },
            "2023-11-14T22:13:21Z boom", "  at f()", "", "2023-11-14T22:13:20Z before");

        Assert.That(
            events.Select(static each => each.Record),
            Is.EqualTo(["2023-11-14T22:13:20Z before", "2023-11-14T22:13:21Z boom\n  at f()\n"]), "sorted by time");
        Assert.That(events.Select(static each => each.Key.Index), Is.EqualTo(new uint[] { 4, 1 }), "the number of its line");
        Assert.That(events.Select(static each => each.Key.ClientId).Distinct().Single() >> 63, Is.EqualTo(1));
    }

    [Test]
    public void TheSameLinesOfTheSameSourceHaveTheSameIdentities()
    {
        var options = new ImportOptions { Format = "unix", Zone = TimeZoneInfo.Utc };
        string[] lines = ["1700000000 a", "1700000000 b", "1700000001 c"];
        List<(EventKey Key, string Record)> once = Read(options, lines);
        Assert.That(Read(options, lines), Is.EqualTo(once));
        Assert.That(Read(options, [.. lines, "1700000002 d"])[..3], Is.EqualTo(once), "the file has grown");
        Assert.That(
            Read(options with { Source = "other" }, lines)[0].Key.ClientId,
            Is.Not.EqualTo(Read(options, lines)[0].Key.ClientId));
    }

    [Test]
    public void TheTimeIsWhereItIsSaid()
    {
        var byColumn = new ImportOptions { Format = "unix-ms", Zone = TimeZoneInfo.Utc, Column = 3, Separator = ',' };
        Assert.That(Read(byColumn, "a,b,1700000000123,c").Single().Key.Time, Is.EqualTo(1_700_000_000_123_000_000));
        var byBlanks = new ImportOptions { Format = "%d/%m/%Y %T", Zone = TimeZoneInfo.Utc, Column = 2 };
        Assert.That(
            Read(byBlanks, "host    14/11/2023 22:13:20 x").Single().Key.Time,
            Is.EqualTo(ChronoTick.Parse("2023-11-14T22:13:20Z", 0)));
        var byExpression = new ImportOptions
        {
            Format = "unix", Zone = TimeZoneInfo.Utc, Expression = new Regex("ts=(?<time>[0-9.]+)"),
        };
        Assert.That(Read(byExpression, "level=info ts=1700000000.5 x").Single().Key.Time, Is.EqualTo(1_700_000_000_500_000_000));
        var clf = new ImportOptions { Format = "clf", Zone = TimeZoneInfo.Utc };
        Assert.That(
            Read(clf, "127.0.0.1 - frank [14/Nov/2023:22:13:20 +0000] \"GET / HTTP/1.0\" 200").Single().Key.Time,
            Is.EqualTo(ChronoTick.Parse("2023-11-14T22:13:20Z", 0)));
        var syslog = new ImportOptions { Format = "syslog", Zone = TimeZoneInfo.Utc, Year = 2023 };
        Assert.That(
            Read(syslog, "<34>Nov 14 22:13:20 host su: x").Single().Key.Time,
            Is.EqualTo(ChronoTick.Parse("2023-11-14T22:13:20Z", 0)));
    }

    [Test]
    public void AnErrorNamesTheLineAndImportsNothing()
    {
        var options = new ImportOptions { Format = "unix", Zone = TimeZoneInfo.Utc };
        ChronoLogException first = Assert.Throws<ChronoLogException>(() => Read(options, "no time", "1700000000 a"))!;
        Assert.That((first.Status, first.Message), Is.EqualTo((Status.InvalidArgument, first.Message)));
        Assert.That(first.Message, Does.Contain("f.log:1").And.Contain("'no time'"));
        ChronoLogException future = Assert.Throws<ChronoLogException>(() => Read(options, "1700000000 a", "9900000000 b"))!;
        Assert.That(future.Message, Does.Contain("f.log:2").And.Contain("future"));
        Assert.Throws<ChronoLogException>(() => Read(options, "0 a"), "tick 0");
    }

    [Test]
    public void SkippedLinesAreCountedAndTakeTheirContinuationsAlong()
    {
        var options = new ImportOptions { Format = "unix", Zone = TimeZoneInfo.Utc, SkipsErrors = true };
        List<(EventKey Key, string Record)> events = Read(
            options, out EventAssembler read, "none", "1700000000 a", "9900000000 b", "goes on", "1700000001 c");
        Assert.That(events.Select(static each => each.Record), Is.EqualTo(["1700000000 a", "1700000001 c"]));
        Assert.That((read.Lines, read.Events, read.Skipped), Is.EqualTo((5UL, 2L, 3L)));
        Assert.That((read.First, read.Last), Is.EqualTo((1_700_000_000_000_000_000UL, 1_700_000_001_000_000_000UL)));
    }

    [Test]
    public void AnEventWithoutEndIsRefusedBeforeItFillsTheMemory()
    {
        var options = new ImportOptions { Format = "unix", Zone = TimeZoneInfo.Utc };
        string[] lines = ["1700000000 a", .. Enumerable.Repeat(new string('x', 1 << 20), 20)];
        Assert.That(
            Assert.Throws<ChronoLogException>(() => Read(options, lines))!.Status, Is.EqualTo(Status.LimitExceeded));
    }

    private static List<(EventKey Key, string Record)> Read(ImportOptions options, params string[] lines) =>
        Read(options, out _, lines);

    private static List<(EventKey Key, string Record)> Read(
        ImportOptions options, out EventAssembler assembler, params string[] lines)
    {
        using var sorter = new ImportSorter(Path.GetTempPath());
        assembler = new EventAssembler(
            "f.log", options.Finder(Latest), ImportSource.Of("f.log", options.Source), sorter, Latest, options.SkipsErrors);
        foreach (string line in lines)
        {
            assembler.Take(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(line)));
        }

        assembler.Finish();
        using ISortedEvents sorted = sorter.Finish();
        var events = new List<(EventKey, string)>();
        while (sorted.MoveNext())
        {
            events.Add((sorted.Key, Encoding.UTF8.GetString(sorted.Record)));
        }

        return events;
    }
}
