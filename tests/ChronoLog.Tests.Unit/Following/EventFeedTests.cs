using ChronoLog.Core.Chunk;
using ChronoLog.Core.Following;
using ChronoLog.Core.Model;
using ChronoLog.Tests.Unit.Playback;
using Google.Protobuf;

namespace ChronoLog.Tests.Unit.Following;

/// <summary>The batches of a followed story: numbered, bounded, and never missed without a word.</summary>
public sealed class EventFeedTests
{
    private const ulong StoryId = 7;
    private const int Unlimited = int.MaxValue;

    [Test]
    public void A_reader_gets_what_lies_behind_its_position()
    {
        EventFeed feed = NewFeed();
        Append(feed, 10, 20);
        Append(feed, 30);

        Assert.Multiple(() =>
        {
            Assert.That(Read(feed, 0), Is.EqualTo((true, 2UL, 0UL, "10 20 30")));
            Assert.That(Read(feed, 1), Is.EqualTo((true, 2UL, 0UL, "30")));
            Assert.That(Read(feed, 2), Is.EqualTo((true, 2UL, 0UL, "")));
        });
    }

    [Test]
    public void A_batch_is_sorted_and_independent_of_where_it_came_from()
    {
        EventFeed feed = NewFeed();
        EventRun run = TestEvent.ToRun(TestEvent.Series(3, first: 1));
        feed.Append([run.Entries[2], run.Entries[0], run.Entries[1]]);
        run.Release();

        Assert.That(Read(feed, 0).Events, Is.EqualTo("1 2 3"));
    }

    [Test]
    public void An_answer_is_as_large_as_asked_but_for_one_batch()
    {
        EventFeed feed = NewFeed();
        Append(feed, 1);
        Append(feed, 2);

        Assert.That(Read(feed, 0, bytes: 1), Is.EqualTo((true, 1UL, 0UL, "1")));
    }

    [Test]
    public void Many_events_are_cut_into_images_and_none_is_lost()
    {
        EventFeed feed = NewFeed(bytesMax: 16 << 20);
        ulong[] ticks = [.. Enumerable.Range(1, 20_000).Select(static tick => (ulong)tick)];
        Append(feed, ticks);

        var images = new List<ByteString>();
        Assert.That(feed.TryRead(0, Unlimited, Unlimited, images, out ulong next, out _), Is.True);
        Assert.That(next, Is.EqualTo((ulong)images.Count).And.GreaterThan(10UL));
        Assert.That(images.Max(static image => image.Length), Is.LessThanOrEqualTo(60 << 10));
        Assert.That(images.SelectMany(static image => ColumnImage.Parse(image.Span).EventTime.ToArray()), Is.EqualTo(ticks));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void An_event_too_large_for_an_answer_is_passed_over_with_its_tick(bool pausesWhenFull)
    {
        EventFeed feed = NewFeed(bytesMax: 64 << 20, pausesWhenFull);
        Append(feed, 5);
        EventRun run = TestEvent.ToRun([new TestEvent(7, 1, 0, new string('x', EventFeed.ImageBytesMax))]);
        feed.Append(run.Entries);
        run.Release();
        Assert.That(Read(feed, 1), Is.EqualTo((false, 2UL, 7UL, "")));
        Append(feed, 9);
        Assert.That(Read(feed, 2), Is.EqualTo((true, 3UL, 0UL, "9")));
        Assert.That(feed.Bytes, Is.LessThan(1000));
    }

    [Test]
    public void Who_may_not_have_a_batch_that_large_is_told_the_ticks_from_its_position_on()
    {
        EventFeed feed = NewFeed();
        Append(feed, 3);
        Append(feed, 20);
        Append(feed, 10);
        Assert.That(Read(feed, 1, bytes: 1, single: 1), Is.EqualTo((false, 3UL, 10UL, "")));
        Assert.That(Read(feed, 3), Is.EqualTo((true, 3UL, 0UL, "")));
    }

    [Test]
    public void Who_is_too_slow_hears_from_where_to_read()
    {
        EventFeed feed = NewFeed(bytesMax: 1000);
        for (ulong tick = 100; tick < 200; tick++)
        {
            Append(feed, tick);
        }

        Append(feed, 55); // late
        Append(feed, 200);

        Assert.Multiple(() =>
        {
            Assert.That(feed.Bytes, Is.LessThanOrEqualTo(1000));
            Assert.That(Read(feed, 3), Is.EqualTo((false, 102UL, 55UL, "")));
            Assert.That(Read(feed, 101), Is.EqualTo((true, 102UL, 0UL, "200")));
        });
    }

    [Test]
    public void A_paused_feed_keeps_nothing_until_it_is_read_and_forgets_no_tick()
    {
        EventFeed feed = NewFeed(bytesMax: 1000, pausesWhenFull: true);
        for (ulong tick = 100; tick < 200; tick++)
        {
            Append(feed, tick);
        }

        Assert.That(feed.Bytes, Is.Zero);
        Assert.That(Read(feed, 0), Is.EqualTo((false, feed.Next, 100UL, "")));
        Append(feed, 200);
        Assert.That(Read(feed, feed.Next - 1).Events, Is.EqualTo("200"));
    }

    [Test]
    public void What_was_skipped_is_told_with_its_tick_or_without()
    {
        EventFeed feed = NewFeed();
        Append(feed, 10);
        feed.Skip(5);
        Append(feed, 20);
        Assert.That(Read(feed, 0), Is.EqualTo((false, 3UL, 5UL, "")));
        feed.Skip(0);
        Assert.That(Read(feed, 2), Is.EqualTo((false, 4UL, 0UL, "")));
    }

    [Test]
    public void The_oldest_tick_of_any_stretch_is_never_too_great()
    {
        var random = new Random(7);
        var forgotten = new ForgottenBatches();
        var ticks = new List<ulong>();
        for (ulong position = 0; position < 3000; position++)
        {
            ulong tick = (position * 10) + (ulong)random.Next(random.Next(10) == 0 ? 5000 : 20);
            ticks.Add(tick);
            forgotten.Add(position, tick);
        }

        for (int position = 0; position < ticks.Count; position++)
        {
            Assert.That(
                forgotten.OldestSince((ulong)position), Is.LessThanOrEqualTo(ticks.Skip(position).Min()), $"from {position}");
        }

        Assert.That(forgotten.OldestSince(2990), Is.EqualTo(ticks.Skip(2990).Min()), "the newest are exact");
        Assert.That(forgotten.OldestSince(3000), Is.EqualTo(ulong.MaxValue));
    }

    [Test]
    public void One_call_until_the_next_look()
    {
        int calls = 0;
        var feed = new EventFeed(1, StoryId, 1 << 20, false) { Appended = () => calls++ };
        Append(feed, 1);
        Append(feed, 2);
        Assert.That(calls, Is.EqualTo(1));
        feed.Rearm();
        Append(feed, 3);
        Assert.That(calls, Is.EqualTo(2));
    }

    private static EventFeed NewFeed(long bytesMax = 1 << 20, bool pausesWhenFull = false) =>
        new(1, StoryId, bytesMax, pausesWhenFull);

    private static void Append(EventFeed feed, params ulong[] ticks)
    {
        EventRun run = TestEvent.ToRun(ticks.Select(tick => new TestEvent(tick, 1, 0, $"event {tick}")));
        feed.Append(run.Entries);
        run.Release();
    }

    private static (bool IsRead, ulong Next, ulong Oldest, string Events) Read(
        EventFeed feed, ulong position, int bytes = Unlimited, int single = Unlimited)
    {
        var images = new List<ByteString>();
        bool isRead = feed.TryRead(position, bytes, single, images, out ulong next, out ulong oldest);
        var ticks = new List<ulong>();
        foreach (ByteString image in images)
        {
            ticks.AddRange(ColumnImage.Parse(image.Span).EventTime.ToArray());
        }

        return (isRead, next, oldest, string.Join(' ', ticks));
    }
}
