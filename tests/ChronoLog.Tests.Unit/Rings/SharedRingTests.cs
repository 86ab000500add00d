using System.Buffers.Binary;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;
using ChronoLog.Transport.Rings;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Rings;

/// <summary>The C# consumer against the C producer.</summary>
[TestFixture]
public sealed class SharedRingTests
{
    [Test]
    public void EventsOfSeveralThreadsComeOutOnceAndInOrder()
    {
        const int Threads = 4;
        const int Events = 20_000;
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        StoryWriter writer = fixture.Open(ring);
        writer.FullTimeout = TimeSpan.FromMinutes(1);
        var ticks = new ulong[Threads][];
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(thread => new Thread(() =>
        {
            ticks[thread] = RecordNumbered(writer, thread, Events);
        }))];
        Array.ForEach(threads, thread => thread.Start());

        var events = new List<RingEvent>();
        while (events.Count < Threads * Events)
        {
            events.AddRange(RingFixture.Drain(ring, maxBytes: 10_000));
            Thread.Yield();
        }

        Array.ForEach(threads, thread => thread.Join());
        Assert.That(RingFixture.Drain(ring), Is.Empty);
        Assert.That(ring.Consumed, Is.EqualTo(ring.Tail).And.GreaterThan(20 * ring.CapacityBytes));
        Assert.That(events.Select(one => one.StoryId), Is.All.EqualTo(RingFixture.StoryId));
        RingEvent[] ordered = [.. events.OrderBy(one => one.Index)];
        Assert.That(ordered.Select(one => one.Index), Is.EqualTo(Enumerable.Range(0, Threads * Events)));
        Assert.That(ordered.Select(one => one.Tick), Is.Ordered.And.Unique);
        for (int thread = 0; thread < Threads; thread++)
        {
            RingEvent[] own = [.. events.Where(one => one.Record[0] == thread)];
            Assert.That(own.Select(one => BinaryPrimitives.ReadInt32LittleEndian(one.Record.AsSpan(1))),
                Is.EqualTo(Enumerable.Range(0, Events)));
            Assert.That(own.Select(one => one.Tick), Is.EqualTo(ticks[thread]));
            Assert.That(own.All(one => one.Record.AsSpan(5).IndexOfAnyExcept((byte)thread) < 0));
        }
    }

    /// <summary>Whatever lengths are recorded and however they are taken: a queue says what must come out.</summary>
    [FsCheck.NUnit.Property(MaxTest = 30)]
    public Property BehavesLikeAQueue(int seed) => Prop.ToProperty(RunAgainstQueue(seed));

    [Test]
    public void TakesAtMostWhatIsAskedForButAtLeastOneFrame()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        StoryWriter writer = fixture.Open(ring);
        for (int i = 0; i < 4; i++)
        {
            writer.LogEvent(new byte[40]);
        }

        Assert.That(ring.Committed(1).Length, Is.EqualTo(64));
        Assert.That(ring.Committed(127).Length, Is.EqualTo(64));
        Assert.That(ring.Committed(128).Length, Is.EqualTo(128));
        Assert.That(ring.Committed(int.MaxValue).Length, Is.EqualTo(256));
        ring.Consume(64);
        Assert.That(ring.Consumed, Is.EqualTo(64));
        Assert.That(() => ring.Consume(193), Throws.InstanceOf<ArgumentOutOfRangeException>());
        ring.Consume(192);
        Assert.That(ring.Committed(int.MaxValue).IsEmpty);
        Assert.That(() => ring.Consume(8), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void LongestAndEmptyRecordsPass()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        StoryWriter writer = fixture.Open(ring);
        int longest = RingLayout.RecordBytesMaxFor(ring.CapacityBytes);
        for (int lap = 0; lap < 40; lap++)
        {
            writer.LogEvent(default);
            writer.LogEvent(new byte[longest]);
            Assert.That(RingFixture.Drain(ring).Select(one => one.Record.Length), Is.EqualTo(new[] { 0, longest }));
        }

        Assert.That(() => writer.LogEvent(new byte[longest + 1]),
            Throws.InstanceOf<ChronoLogException>().With.Property("Status").EqualTo(Status.LimitExceeded));
        Assert.That(RingFixture.Drain(ring), Is.Empty);
    }

    [Test]
    public void RecordingAllocatesNothing()
    {
        const int Events = 100_000;
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing(1 << 20);
        StoryWriter writer = fixture.Open(ring);
        byte[] record = new byte[64];
        RecordAndConsume(ring, writer, record, 1000);

        // Whether the producer lives is looked at each 100 ms; the first time for the process a native function is bound for it.
        using ProcessWatch self = ProcessWatch.Open(Environment.ProcessId, out _)!;
        Assert.That(self.IsAlive, Is.True);

        long before = GC.GetAllocatedBytesForCurrentThread();
        RecordAndConsume(ring, writer, record, Events);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.Zero);
    }

    private static void RecordAndConsume(SharedRing ring, StoryWriter writer, byte[] record, int events)
    {
        for (int i = 0; i < events; i++)
        {
            writer.LogEvent(record);
            if (i % 100 == 99)
            {
                ring.Consume(ring.Committed(int.MaxValue).Length);
                _ = ring.ProducerAlive;
                ring.PublishDurable(ring.Consumed);
            }
        }
    }

    private static ulong[] RecordNumbered(StoryWriter writer, int thread, int events)
    {
        var ticks = new ulong[events];
        Span<byte> record = stackalloc byte[200];
        record.Fill((byte)thread);
        for (int i = 0; i < events; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(record[1..], i);
            ticks[i] = writer.LogEvent(record[..(5 + (i * 31 % 195))]);
        }

        return ticks;
    }

    private static bool RunAgainstQueue(int seed)
    {
        var random = new System.Random(seed);
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        StoryWriter writer = fixture.Open(ring);
        writer.FullTimeout = TimeSpan.Zero;
        var model = new Queue<byte[]>();
        for (int step = 0; step < 400; step++)
        {
            byte[] record = new byte[random.Next(3) == 0 ? random.Next(8193) : random.Next(100)];
            random.NextBytes(record);
            try
            {
                writer.LogEvent(record);
                model.Enqueue(record);
            }
            catch (ChronoLogException failure) when (failure.Status == Status.TimedOut)
            {
                // full: nothing may have been recorded
            }

            if (random.Next(4) == 0 && !TakeSome(ring, model, random.Next(20_000)))
            {
                return false;
            }
        }

        while (model.Count != 0)
        {
            if (!TakeSome(ring, model, 5000))
            {
                return false;
            }
        }

        return ring.Committed(1).IsEmpty && ring.Tail == ring.Consumed;
    }

    private static bool TakeSome(SharedRing ring, Queue<byte[]> model, int maxBytes)
    {
        ReadOnlySpan<byte> frames = ring.Committed(maxBytes);
        var events = new List<RingEvent>();
        RingEvent.ReadAll(frames, events);
        ring.Consume(frames.Length);
        return (events.Count != 0 || model.Count == 0)
            && events.TrueForAll(one => one.Record.AsSpan().SequenceEqual(model.Dequeue()));
    }
}
