using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Interop.Ring;
using ChronoLog.Transport.Rings;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Rings;

/// <summary>The client's side: levels, rings that come and go, and what is refused.</summary>
[TestFixture]
public sealed class RecorderSessionTests
{
    [Test]
    public void FlushComparesPositions()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        StoryWriter writer = fixture.Open(ring);
        writer.LogEvent("x"u8);
        Assert.That(writer.TryFlush(DurabilityLevel.Accepted));
        Assert.That(writer.TryFlush(DurabilityLevel.Journaled), Is.False);
        RingFixture.Drain(ring);
        writer.Flush(DurabilityLevel.Journaled, TimeSpan.Zero);
        Assert.That(fixture.Session.TryFlush(DurabilityLevel.Synced), Is.False);
        Assert.That(() => writer.Flush(DurabilityLevel.Synced, TimeSpan.FromMilliseconds(1)), Failure(Status.TimedOut));
        ring.PublishDurable(ring.Consumed);
        fixture.Session.Flush(DurabilityLevel.Synced, TimeSpan.Zero);
        Assert.That(() => ring.PublishDurable(ring.Consumed + 8), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => writer.TryFlush(DurabilityLevel.Archived), Failure(Status.NotSupported));
    }

    [Test]
    public void AWaitingFlushIsWokenByTheConsumer()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        StoryWriter writer = fixture.Open(ring);
        writer.LogEvent("x"u8);
        var flush = new Thread(() => writer.Flush(DurabilityLevel.Synced, TimeSpan.FromMinutes(1)));
        flush.Start();
        RingFixture.Drain(ring);
        ring.PublishDurable(ring.Consumed);
        flush.Join();
        Assert.That(writer.TryFlush(DurabilityLevel.Synced));
    }

    [Test]
    public unsafe void AWriterThatWaitsInAFullRingGoesOnWhenThereIsRoom()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        using RingHandle view = RingFixture.Attach(ring);
        StoryWriter writer = fixture.Open(ring);
        writer.FullTimeout = TimeSpan.FromMilliseconds(1);
        int events = Fill(writer);
        Assert.That(events, Is.EqualTo(64), "frames of 1024 bytes");
        writer.FullTimeout = TimeSpan.FromMinutes(1);
        var waiting = new Thread(() => writer.LogEvent(new byte[1000]));
        waiting.Start();
        nint header = view.Header;
        SpinWait.SpinUntil(() => Volatile.Read(ref *(uint*)(header + RingLayout.WaitersOffset)) != 0);
        int drained = 0;
        while (drained < events + 1)
        {
            drained += RingFixture.Drain(ring).Count;
        }

        waiting.Join();
        Assert.That(drained, Is.EqualTo(events + 1));
        Assert.That(*(uint*)(header + RingLayout.WakeOffset), Is.Positive, "woken, not timed out of a nap");
    }

    [Test]
    public unsafe void AFullRingWithoutABeatIsADeadKeepers()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        StoryWriter writer = fixture.Open(ring);
        using RingHandle view = RingFixture.Attach(ring);
        ref ulong beat = ref *(ulong*)(view.Header + RingLayout.HeartbeatOffset);
        Assert.That(beat, Is.InRange(1, SharedClock.MonotonicNanoseconds));
        writer.FullTimeout = TimeSpan.Zero;
        Fill(writer);
        beat = 1;
        writer.FullTimeout = TimeSpan.FromMinutes(1);
        Assert.That(() => writer.LogEvent(new byte[1000]), Failure(Status.NoKeepers));
        ring.Beat();
        Assert.That(beat, Is.GreaterThan(1ul));
    }

    [Test]
    public void RoundRobinSpreadsAndPassesOverClosedRings()
    {
        using var fixture = new RingFixture();
        SharedRing[] rings = [fixture.CreateRing(), fixture.CreateRing(), fixture.CreateRing()];
        RecorderRing[] own = [.. rings.Select(ring => fixture.Session.AddRing(ring.Path, ring.RingId))];
        StoryWriter writer = fixture.Session.OpenStory(9, Placement.RoundRobin, own);
        LogMany(writer, 300);
        Assert.That(rings.Select(ring => RingFixture.Drain(ring).Count), Is.All.EqualTo(100));
        rings[1].CloseToProducers();
        LogMany(writer, 300);
        Assert.That(rings.Select(ring => RingFixture.Drain(ring).Count), Is.EqualTo(new[] { 100, 0, 200 }));
        writer.SetRings([own[0]]);
        LogMany(writer, 10);
        Assert.That(rings.Select(ring => RingFixture.Drain(ring).Count), Is.EqualTo(new[] { 10, 0, 0 }));
        writer.SetRings([]);
        Assert.That(() => writer.LogEvent("x"u8), Failure(Status.NoKeepers));
    }

    [Test]
    public void ARingIsRetiredWhenItIsConsumed()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        RecorderRing own = fixture.Session.AddRing(ring.Path, ring.RingId);
        StoryWriter writer = fixture.Session.OpenStory(9, Placement.LocalFirst, [own]);
        writer.LogEvent("x"u8);
        Assert.That(fixture.Session.Positions(own), Is.EqualTo(new RingPositions(32, 0, 0)));
        Assert.That(fixture.Session.TryRetireRing(own), Is.False);
        Assert.That(ring.ProducerClosed);
        Assert.That(RingFixture.Drain(ring), Has.Count.EqualTo(1));
        Assert.That(fixture.Session.TryRetireRing(own));
        Assert.That(() => writer.LogEvent("x"u8), Failure(Status.NoKeepers));
        Assert.That(writer.TryFlush(DurabilityLevel.Journaled));
        Assert.That(() => fixture.Session.Positions(own), Failure(Status.InvalidArgument));
    }

    [Test]
    public void AnAbandonedRingIsNotForgottenByFlush()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        RecorderRing own = fixture.Session.AddRing(ring.Path, ring.RingId);
        StoryWriter writer = fixture.Session.OpenStory(9, Placement.LocalFirst, [own]);
        writer.LogEvent("x"u8);
        fixture.Session.AbandonRing(own);
        Assert.That(() => writer.TryFlush(DurabilityLevel.Journaled), Failure(Status.NoKeepers));
    }

    [Test]
    public void BatchesAreRecordedInOrder()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        StoryWriter writer = fixture.Open(ring);
        int[] lengths = [.. Enumerable.Range(0, 300).Select(i => i % 90)];
        byte[] records = [.. lengths.SelectMany((length, i) => Enumerable.Repeat((byte)i, length))];
        var ticks = new ulong[lengths.Length];
        writer.LogBatch(records, lengths, ticks);
        List<RingEvent> events = RingFixture.Drain(ring);
        Assert.That(events.Select(one => one.Tick), Is.EqualTo(ticks).And.Ordered);
        Assert.That(events.Select(one => one.Index), Is.EqualTo(Enumerable.Range(0, 300)));
        Assert.That(events.SelectMany(one => one.Record), Is.EqualTo(records));
        Assert.That(() => writer.LogBatch(records, [records.Length + 1], ticks),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => writer.LogBatch(new byte[20_000], [5, 19_000], ticks), Failure(Status.LimitExceeded));
        Assert.That(RingFixture.Drain(ring).Select(one => one.Record.Length), Is.EqualTo(new[] { 5 }));
    }

    [Test]
    public void OwnTicksAreTakenWithinTheBoundsOnceTheyAreAllowed()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        StoryWriter writer = fixture.Open(ring);
        ulong first = writer.LogEvent("a"u8);
        const ulong Own = RingFixture.Epoch - 5;
        Assert.That(() => writer.LogEventAt(Own, "b"u8), Failure(Status.NotSupported));
        writer.AllowOwnTimes();
        fixture.Session.Bound(new EventTimeBounds(3, 0));
        Assert.That(() => writer.LogEventAt(Own, "b"u8), Failure(Status.LimitExceeded));
        fixture.Session.Bound(EventTimeBounds.Default);
        uint index = writer.LogEventAt(Own, "b"u8);
        ulong last = writer.LogEvent("c"u8, out uint lastIndex);
        Assert.That((index, lastIndex), Is.EqualTo((1u, 2u)));
        Assert.That(first, Is.GreaterThanOrEqualTo(RingFixture.Epoch));
        Assert.That(last, Is.GreaterThan(first));
        Assert.That(RingFixture.Drain(ring).Select(one => one.Tick), Is.EqualTo(new ulong[] { first, Own, last }));
    }

    [Test]
    public void AClosedWriterAndAClosedSessionRefuse()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        StoryWriter first = fixture.Open(ring);
        StoryWriter second = fixture.Open(ring, storyId: 10);
        first.Dispose();
        Assert.That(() => first.LogEvent("x"u8), Failure(Status.NotAcquired));
        second.LogEvent("x"u8);
        fixture.Session.Dispose();
        Assert.That(() => second.LogEvent("x"u8), Failure(Status.NotAcquired));
        Assert.That(ring.ProducerClosed);
        Assert.That(RingFixture.Drain(ring), Has.Count.EqualTo(1));
    }

    [Test]
    public void AStoryNeedsAClock()
    {
        using var clock = new SharedClock();
        using var session = new RecorderSession(1, clock);
        Assert.That(() => session.OpenStory(9, Placement.LocalFirst, []), Failure(Status.InvalidArgument));
    }

    [TestCase("/etc/passwd")]
    [TestCase("chronolog-1")]
    [TestCase("/dev/shm/../shm/other")]
    public void OnlyNamesOfRingsAreMapped(string path)
    {
        using var fixture = new RingFixture();
        Assert.That(() => fixture.Session.AddRing(path, 1), Failure(Status.InvalidArgument));
    }

    [Test]
    public void AnotherClientsRingIsRefused()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.Host.Create(RingFixture.ClientId + 1, 1, 0, RingLayout.CapacityMin);
        Assert.That(() => fixture.Session.AddRing(ring.Path, 1), Failure(Status.Corrupt));
        Assert.That(() => fixture.Session.AddRing(ring.Path + "0", 1), Failure(Status.Internal));
    }

    private static NUnit.Framework.Constraints.IResolveConstraint Failure(Status status) =>
        Throws.InstanceOf<ChronoLogException>().With.Property("Status").EqualTo(status);

    private static void LogMany(StoryWriter writer, int events)
    {
        for (int i = 0; i < events; i++)
        {
            writer.LogEvent("x"u8);
        }
    }

    private static int Fill(StoryWriter writer)
    {
        for (int events = 0; ; events++)
        {
            try
            {
                writer.LogEvent(new byte[1000]);
            }
            catch (ChronoLogException failure) when (failure.Status == Status.TimedOut)
            {
                return events;
            }
        }
    }
}
