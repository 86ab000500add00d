using ChronoLog.App.Torture;
using ChronoLog.Core.Model;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Torture;

/// <summary>The checker of the torture command finds each kind of broken promise.</summary>
public sealed class TortureReportTests
{
    private const int Events = 200;

    [Test]
    public void A_true_replay_is_good() => Assert.That(Report(Sound()).IsGood, Is.True);

    [TestCase(0)]
    [TestCase(77)]
    [TestCase(149)]
    public void An_acknowledged_event_that_is_missing_is_found(int at)
    {
        List<(EventSequence, byte[])> events = Sound();
        events.RemoveAt(at);
        Assert.That(Report(events).IsGood, Is.False);
    }

    [Test]
    public void An_event_that_was_not_acknowledged_may_be_missing()
    {
        List<(EventSequence, byte[])> events = Sound();
        events.RemoveAt(170);
        Assert.That(Report(events).IsGood, Is.True);
    }

    [Test]
    public void An_event_that_comes_twice_is_found()
    {
        List<(EventSequence, byte[])> events = Sound();
        events.Insert(50, events[49]);
        Assert.That(Report(events).IsGood, Is.False);
    }

    [Test]
    public void A_record_under_two_identities_is_found()
    {
        List<(EventSequence, byte[])> events = Sound();
        events[180] = (events[180].Item1, events[20].Item2);
        Assert.That(Report(events).IsGood, Is.False);
    }

    [Test]
    public void Events_in_the_wrong_order_are_found()
    {
        List<(EventSequence, byte[])> events = Sound();
        (events[10], events[11]) = (events[11], events[10]);
        Assert.That(Report(events).IsGood, Is.False);
    }

    [TestCase(0)]
    [TestCase(13)]
    [TestCase(99)]
    public void A_flipped_bit_is_found(int at)
    {
        List<(EventSequence, byte[])> events = Sound();
        events[100].Item2[at] ^= 4;
        Assert.That(Report(events).IsGood, Is.False);
    }

    [Test]
    public void An_event_that_failed_and_appears_is_found() =>
        Assert.That(Report(Sound(), "F 180").IsGood, Is.False);

    [Test]
    public void An_event_that_nobody_recorded_is_found() =>
        Assert.That(Report(Sound(), "R 190").IsGood, Is.False);

    [Test]
    public void A_writer_that_never_was_is_found()
    {
        List<(EventSequence, byte[])> events = Sound();
        events.Add((new EventSequence(9999, 1, 9999), Bytes(new TortureRecord(3, 0, 0))));
        Assert.That(Report(events).IsGood, Is.False);
    }

    private static List<(EventSequence Sequence, byte[] Record)> Sound() =>
        [.. Enumerable.Range(0, Events).Select(number =>
            (new EventSequence(1000 + (ulong)number, 1, (uint)number), Bytes(new TortureRecord(0, 0, number))))];

    private static byte[] Bytes(TortureRecord record)
    {
        var bytes = new byte[100];
        record.Write(bytes);
        return bytes;
    }

    private static TortureReport Report(List<(EventSequence Sequence, byte[] Record)> events, params string[] lines)
    {
        var ledger = new WriterLedger(0, 0);
        ledger.Take("A 150 12");
        foreach (string line in lines)
        {
            ledger.Take(line);
        }

        var check = new StoryCheck();
        foreach ((EventSequence sequence, byte[] record) in events)
        {
            Add(check, sequence, record);
        }

        var report = new TortureReport();
        report.Compare("test", check, [ledger]);
        return report;
    }

    private static unsafe void Add(StoryCheck check, EventSequence sequence, byte[] record)
    {
        fixed (byte* bytes = record)
        {
            check.Add(new EventEntry(
                sequence.EventTime, sequence.ClientId, sequence.EventIndex, (nint)bytes, record.Length));
        }
    }
}
