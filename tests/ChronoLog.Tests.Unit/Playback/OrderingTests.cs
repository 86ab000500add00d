using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Playback.Collisions;
using ChronoLog.Core.Protocol;
using NUnit.Framework;
using FsProperty = FsCheck.NUnit.PropertyAttribute;

namespace ChronoLog.Tests.Unit.Playback;

/// <summary>The policy <c>ordering</c>: within a granule events are shown as they arrived.</summary>
public sealed class OrderingTests
{
    private const ulong Granule = 1_000;

    [Test]
    public void Within_a_granule_arrival_counts_and_outside_it_time()
    {
        List<StampedEvent> events =
        [
            new(new TestEvent(1_100, 1, 0, "second"), 50), new(new TestEvent(1_400, 2, 0, "first"), 40),
            new(new TestEvent(2_000, 2, 1, "next granule"), 10),
        ];

        Assert.That(Read(Source(events)).Select(e => e.Record), Is.EqualTo(["first", "second", "next granule"]));
    }

    [Test]
    public void Events_without_a_stamp_come_first_in_the_order_of_their_sequences()
    {
        List<StampedEvent> events =
        [
            new(new TestEvent(1_100, 1, 0, "stamped"), 7), new(new TestEvent(1_300, 1, 1, "old a"), 0),
            new(new TestEvent(1_400, 1, 2, "old b"), 0),
        ];

        Assert.That(Read(Source(events)).Select(e => e.Record), Is.EqualTo(["old a", "old b", "stamped"]));
    }

    [Test]
    public async Task A_granule_that_is_too_large_ends_the_replay_with_an_error()
    {
        List<StampedEvent> events =
            [.. TestEvent.Series(100, first: 1_000).Select(e => new StampedEvent(e, 5_000 - e.Time))];
        using var runs = new Runs(events.Chunk(10).Select(StampedEvent.ToRun));
        var source = new ArrivalReadSource(
            new CollisionReadSource(new ReadPlan([new RunReadSource("runs", runs.All)], 0, []), null), Granule, 1_000);

        ChronoLogException? thrown =
            await Assert.ThrowsAsync<ChronoLogException>(async () => await ReadFixture.Drain(source));
        Assert.That(thrown!.Status, Is.EqualTo(Status.LimitExceeded));
        Assert.That(thrown.Message, Does.Contain("granularity"));
        await source.DisposeAsync();
    }

    [Test]
    public void A_stamped_page_without_room_for_a_stamp_is_refused()
    {
        EventRun run = StampedEvent.ToRun([new StampedEvent(new TestEvent(5, 1, 0, "abc"), 9)]);
        var image = new byte[ColumnImage.RequiredBytes(1, 3)];
        ColumnImage.Write(image, new ColumnImageHeader(1, 0, 10), run.Entries, 3);
        run.Release();
        image[ColumnImageDescriptor.FlagsOffset] = (byte)ColumnImageFlags.Stamped;
        BitConverter.TryWriteBytes(
            image.AsSpan(ColumnImageDescriptor.HeaderCrcOffset),
            Crc32C.Compute(image.AsSpan(0, ColumnImageDescriptor.HeaderCrcOffset)));

        ChronoLogException thrown = Assert.Throws<ChronoLogException>(() => ColumnImage.Parse(image))!;
        Assert.That(thrown.Status, Is.EqualTo(Status.Corrupt));
    }

    [Test]
    public void An_image_by_arrival_becomes_no_run_that_could_be_merged()
    {
        EventRun run = StampedEvent.ToRun([new StampedEvent(new TestEvent(5, 1, 0, "abc"), 9)]);
        var block = new PinnedBlock((int)ColumnImage.RequiredBytes(1, 3));
        ColumnImage.Write(block.Span, new ColumnImageHeader(1, 0, 10, ColumnImageFlags.ByArrival), run.Entries, 3);
        run.Release();

        Assert.That(() => ColumnImage.ToRun(block, (int)block.Length), Throws.TypeOf<ChronoLogException>());
        ColumnImage.ToRun(block, (int)block.Length, out _, acceptsByArrival: true).Release();
        block.Release();
    }

    [Test]
    public void Pages_by_arrival_are_refused_where_they_would_be_merged()
    {
        var fixture = new ReadFixture();
        Plan(fixture, 0, ulong.MaxValue, Source([
            new(new TestEvent(1_100, 1, 0, "second"), 50), new(new TestEvent(1_400, 2, 0, "first"), 40)]));

        (List<TestEvent> events, IReadOnlyList<Gap> gaps) =
            fixture.ReadRemote(options: new RemoteReadOptions { AcceptsByArrival = false });

        Assert.That(events, Is.Empty);
        Assert.That(gaps.Single().Reason, Does.Contain("does not continue"));
    }

    /// <summary>
    /// Any interleaving over 1, 2 or 4 Keepers, any retries (each with an arrival of its own), any retirement times (parts
    /// that went through images and pages, or lie as they came): the same replay, that of a plain model.
    /// </summary>
    [FsProperty(MaxTest = 150)]
    public void Any_spread_over_keepers_and_tiers_shows_the_same(int seed)
    {
        var random = new Random(seed);
        ulong span = Granule * (ulong)random.Next(1, 40);
        int keepers = 1 << random.Next(3);
        var arrived = new List<StampedEvent>[keepers];
        for (int keeper = 0; keeper < keepers; keeper++)
        {
            arrived[keeper] = [];
        }

        ulong now = 1;
        List<TestEvent> events = TestEvent.Model(Enumerable.Range(0, random.Next(1, 600)).Select(i => new TestEvent(
            (ulong)random.NextInt64((long)span), (ulong)random.Next(1, 4), (uint)random.Next(3), $"event {i}")));
        foreach (TestEvent e in events.OrderBy(_ => random.Next()))
        {
            for (int times = random.Next(5) == 0 ? 2 : 1; times > 0; times--)
            {
                now += (ulong)random.Next(2); // two Keepers may give the same stamp
                arrived[random.Next(keepers)].Add(new StampedEvent(e, now));
            }
        }

        (ulong start, ulong end) = Range(random, span);
        List<TestEvent> model = Model(arrived.SelectMany(each => each))
            .FindAll(e => e.Time >= start && (e.Time < end || end == ulong.MaxValue));
        IReadSource[] sources = [.. arrived.SelectMany(each => Tiers(each, random))];
        var fixture = new ReadFixture(fillers: random.Next(2));
        Plan(fixture, start, end, sources);
        int limit = random.Next(3) == 0 ? random.Next(1, 50) : 0;
        OpenReadRequest request = ReadFixture.Request(start, end);
        request.EventLimit = (ulong)limit;

        Assert.That(fixture.ReadRemote(request).Events, Is.EqualTo(limit == 0 ? model : model.Take(limit)));
        fixture.ExpectNothingLeft();
    }

    /// <summary>A read with arrivals gives what makes the same replay elsewhere: another group's Player, say.</summary>
    [FsProperty(MaxTest = 50)]
    public void Stamps_survive_the_way_through_pages(int seed)
    {
        var random = new Random(seed);
        List<StampedEvent> events = [.. TestEvent.Series(random.Next(1, 300), step: 3)
            .Select(e => new StampedEvent(e, random.Next(4) == 0 ? 0 : (ulong)random.NextInt64()))];
        var fixture = new ReadFixture();
        fixture.PlanOf([.. Tiers(events, random)]);
        OpenReadRequest request = ReadFixture.Request();
        request.WithArrivals = true;

        List<StampedEvent> read = fixture.Pump.Run(fixture.ReaderStrand, async () =>
        {
            RemoteReadSource source =
                await RemoteReadSource.OpenAsync(fixture.Channel, fixture.ReaderBulk, fixture.Timers, request);
            await using (source)
            {
                return await StampedEvent.Drain(source);
            }
        });

        Assert.That(read, Is.EqualTo(events.OrderBy(e => e.Event.Sequence)));
        fixture.ExpectNothingLeft();
    }

    private static List<TestEvent> Model(IEnumerable<StampedEvent> events) =>
    [
        .. events.GroupBy(e => e.Event.Sequence)
            .Select(copies => copies.MinBy(e => e.Arrival)!)
            .OrderBy(e => e.Event.Time / Granule).ThenBy(e => e.Arrival).ThenBy(e => e.Event.Sequence)
            .Select(e => e.Event),
    ];

    private static (ulong Start, ulong End) Range(Random random, ulong span)
    {
        ulong start = random.Next(2) == 0 ? 0 : (ulong)random.NextInt64((long)span + 1);
        return (start, random.Next(2) == 0 ? ulong.MaxValue : start + (ulong)random.NextInt64((long)span + 1));
    }

    // What a Keeper has is retired at some moment: before it as runs in memory, after it as images and pages of columns.
    private static IEnumerable<IReadSource> Tiers(List<StampedEvent> events, Random random)
    {
        int retired = random.Next(events.Count + 1);
        yield return Source(events[retired..], random.Next(1, 100));
        StampedEvent[] old = [.. events[..retired].OrderBy(e => e.Event.Sequence)];
        yield return random.Next(2) == 0
            ? new ColumnSource(old.DistinctBy(e => e.Event.Sequence).Chunk(random.Next(1, 100)))
            : Source(events[..retired], random.Next(1, 100));
    }

    private static IReadSource Source(IReadOnlyList<StampedEvent> events, int runLength = 100)
    {
        using var runs = new Runs(events.Chunk(runLength).Select(StampedEvent.ToRun));
        return new RunReadSource("runs", runs.All);
    }

    private static List<TestEvent> Read(params IReadSource[] sources)
    {
        var fixture = new ReadFixture();
        Plan(fixture, 0, ulong.MaxValue, sources);
        List<TestEvent> read = fixture.ReadRemote().Events;
        fixture.ExpectNothingLeft();
        return read;
    }

    // As a Player does it: the tiers give what is asked for, and no more.
    private static void Plan(ReadFixture fixture, ulong start, ulong end, params IReadSource[] sources)
    {
        var story = new StoryDescriptor { Attributes = { ["collision"] = "ordering", ["granularity"] = "us" } };
        CollisionRule rule = CollisionRule.Of(story, start, end)!;
        fixture.Plan = (_, _) => ValueTask.FromResult(
            rule.Over(new ReadPlan([.. sources.Select(source => new RangeSource(source, start, end))], 5, [])));
    }
}
