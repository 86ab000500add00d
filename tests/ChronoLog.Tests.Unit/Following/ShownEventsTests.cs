using ChronoLog.Client.Following;
using ChronoLog.Core.Model;

namespace ChronoLog.Tests.Unit.Following;

/// <summary>What a playback remembers of what it has shown: all above the floor, and much below it.</summary>
public sealed class ShownEventsTests
{
    [Test]
    public void An_event_is_new_once_above_the_floor_and_below_it()
    {
        var shown = new ShownEvents(0);
        for (ulong tick = 1; tick <= 40_000; tick++)
        {
            Assert.That(shown.Add(Event(tick)), Is.True);
        }

        shown.Raise(30_000);
        Assert.Multiple(() =>
        {
            Assert.That(Enumerable.Range(1, 40_000).Count(tick => shown.Add(Event((ulong)tick))), Is.Zero);
            Assert.That(shown.Add(new EventSequence(17, 2, 17)), Is.True, "a late one of somebody else");
            Assert.That(shown.Add(new EventSequence(17, 2, 17)), Is.False);
            Assert.That(shown.Start, Is.Zero);
        });
    }

    [TestCase(false)]
    [TestCase(true)]
    public void What_is_forgotten_is_told(bool expectsLate)
    {
        const ulong Events = 300_000;
        var shown = new ShownEvents(0);
        if (expectsLate)
        {
            shown.ExpectLate();
        }

        for (ulong tick = 1; tick <= Events; tick++)
        {
            shown.Add(Event(tick));
            shown.Raise(tick);
        }

        Assert.That(shown.Start, expectsLate ? Is.Zero : Is.InRange(Events / 2, Events));
        Assert.That(shown.Count, Is.LessThan(expectsLate ? Events + 1 : 110_000));
        for (ulong tick = Math.Max(1, shown.Start); tick <= Events; tick++)
        {
            Assert.That(shown.Add(Event(tick)), Is.False, $"{tick} is remembered from {shown.Start} on");
        }
    }

    [Test]
    public void A_flood_of_late_events_is_bounded_and_forgetting_is_told()
    {
        var past = new PastEvents { CountMax = 1 << 16 };
        var random = new Random(3);
        List<EventSequence> added = [];
        for (uint i = 0; i < 200_000; i++)
        {
            var sequence = new EventSequence((ulong)random.NextInt64(1_000_000), 1, i);
            added.Add(sequence);
            past.Add(sequence);
        }

        Assert.That(past.Count, Is.LessThanOrEqualTo((1 << 16) + (1 << 14)));
        Assert.That(past.Start, Is.GreaterThan(0), "some are gone");
        Assert.That(added.Where(each => each.EventTime >= past.Start).All(each => past.Contains(each)), Is.True);
    }

    private static EventSequence Event(ulong tick) => new(tick, 1, (uint)tick);
}
