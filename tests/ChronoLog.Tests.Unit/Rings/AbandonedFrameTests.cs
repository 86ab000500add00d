using System.Diagnostics;
using ChronoLog.Core.Model;
using ChronoLog.Interop.Ring;
using ChronoLog.Transport.Rings;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Rings;

/// <summary>
/// A producer that died between reservation and commit: every committed event behind the hole stays readable. The
/// states that a death can leave are written here by hand; that they are the right ones is what
/// native/tests/ring_test.c shows.
/// </summary>
[TestFixture]
public sealed unsafe class AbandonedFrameTests
{
    [TestCase(false)]
    [TestCase(true)]
    public void CommittedEventsBehindAHoleStayReadable(bool marked)
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        using RingHandle producer = RingFixture.Attach(ring);
        Append(producer, 1);
        Reserve(producer, 104, marked ? -100 : 0);
        Reserve(producer, 24, marked ? -24 : 0);
        Append(producer, 2);
        Append(producer, 3);
        Reserve(producer, 1024, marked ? -1023 : 0);

        Assert.That(Indexes(ring), Is.EqualTo(new[] { 1 }));
        Assert.That(ring.SkipAbandoned(), Is.EqualTo(128));
        Assert.That(Indexes(ring), Is.EqualTo(new[] { 2, 3 }));
        Assert.That(ring.SkipAbandoned(), Is.EqualTo(1024));
        Assert.That(ring.Consumed, Is.EqualTo(ring.Tail));
        Assert.That(ring.SkipAbandoned(), Is.Zero);
        Assert.That(new ReadOnlySpan<byte>((void*)producer.Data, (int)ring.CapacityBytes).IndexOfAnyExcept((byte)0),
            Is.Negative, "what is given back is zero");
    }

    [TestCase(false)]
    [TestCase(true)]
    public void AHoleAcrossTheEndIsPassedOver(bool marked)
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        using RingHandle producer = RingFixture.Attach(ring);
        while (ring.Tail < ring.CapacityBytes - 256)
        {
            Append(producer, 1);
        }

        RingFixture.Drain(ring);
        int left = (int)(ring.CapacityBytes - ring.Tail);

        // The padding of the hole's reservation was never written; its frame, at the start, perhaps marked.
        *(int*)producer.Data = marked ? -1000 : 0;
        Reserve(producer, left + 1000, 0);
        Append(producer, 2);

        Assert.That(Indexes(ring), Is.Empty);
        Assert.That(ring.SkipAbandoned(), Is.EqualTo(left + 1000));
        Assert.That(Indexes(ring), Is.EqualTo(new[] { 2 }));
    }

    [Test]
    public void AnAbandonedBatchIsPassedOverAsAWhole()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        using RingHandle producer = RingFixture.Attach(ring);
        Append(producer, 1);

        // Its second frame is complete, its first not: none of it was ever recorded.
        Reserve(producer, 64, -64);
        RecordFrame.Write(new Span<byte>((void*)(producer.Data + 32 + 32), 32), 9, 1, 99, new byte[8]);
        Append(producer, 2);

        Assert.That(Indexes(ring), Is.EqualTo(new[] { 1 }));
        Assert.That(ring.SkipAbandoned(), Is.EqualTo(64));
        Assert.That(Indexes(ring), Is.EqualTo(new[] { 2 }));
    }

    [Test]
    public void SkippingEndsTheRingForProducers()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        using RingHandle producer = RingFixture.Attach(ring);
        Assert.That(ring.SkipAbandoned(), Is.Zero);
        Assert.That(producer.TryAppend(1, 1, 1, default), Is.EqualTo(NativeStatus.Fenced));
    }

    [Test]
    public void TheDeathOfTheProducersProcessIsSeen()
    {
        using var fixture = new RingFixture();
        using Process process = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true })!;
        SharedRing ring = fixture.CreateRing(producerPid: process.Id);
        Assert.That(ring.ProducerAlive);
        process.StandardInput.Close();
        process.WaitForExit();
        Assert.That(() => ring.ProducerAlive, Is.False.After(10_000, 5));
        SharedRing late = fixture.CreateRing(producerPid: process.Id);
        Assert.That(late.ProducerAlive, Is.False);
        Assert.That(fixture.CreateRing(producerPid: 0).ProducerAlive, "unknown: a lease has to decide");
    }

    private static IEnumerable<int> Indexes(SharedRing ring) => RingFixture.Drain(ring).Select(one => (int)one.Index);

    private static void Append(RingHandle producer, uint index) =>
        Assert.That(producer.TryAppend(9, 1, index, new byte[8]), Is.EqualTo(NativeStatus.Ok));

    /// <summary>What is left of a reservation whose producer died.</summary>
    private static void Reserve(RingHandle producer, int bytes, int mark)
    {
        ref long tail = ref *(long*)(producer.Header + RingLayout.TailOffset);
        int offset = (int)(tail & (producer.Capacity - 1));
        if (mark != 0)
        {
            *(int*)(producer.Data + offset) = mark;
        }

        tail += bytes;
    }
}
