using System.Runtime.InteropServices;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;
using ChronoLog.Transport.Rings;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Rings;

/// <summary>Producers that break every rule: reported, never followed, never fatal.</summary>
[TestFixture]
public sealed unsafe class HostileRingTests
{
    private const long Capacity = RingLayout.CapacityMin;

    [TestCase(Capacity + 8)]
    [TestCase(long.MaxValue - 7)]
    [TestCase(4)]
    [TestCase(33)]
    public void ATailThatCannotBeIsReported(long tail)
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        using RingHandle producer = RingFixture.Attach(ring);
        SetTail(producer, (ulong)tail);
        Assert.That(() => ring.Committed(1000).Length, CorruptFailure);
        Assert.That(() => ring.SkipAbandoned(), CorruptFailure);
        Assert.That(ring.Tail, Is.InRange(ring.Consumed, ring.Consumed + Capacity));
    }

    [Test]
    public void ATailThatGoesBackIsReported()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        using RingHandle producer = RingFixture.Attach(ring);
        Assert.That(producer.TryAppend(1, 1, 1, new byte[100]), Is.EqualTo(NativeStatus.Ok));
        RingFixture.Drain(ring);
        SetTail(producer, 64);
        Assert.That(() => ring.Committed(1000).Length, CorruptFailure);
        Assert.That(ring.Tail, Is.EqualTo(ring.Consumed));
    }

    [TestCase(1)]
    [TestCase(23)]
    [TestCase(1025, Description = "longer than what is reserved")]
    [TestCase(8192 + 24 + 1, Description = "longer than the longest")]
    [TestCase(0x3FFF_FFFF)]
    [TestCase(RecordFrame.PaddingFlag)]
    [TestCase(RecordFrame.PaddingFlag | 1024, Description = "padding that does not end at the end")]
    [TestCase(RecordFrame.PaddingFlag | 65536, Description = "padding over the whole ring")]
    [TestCase(int.MaxValue)]
    public void ALengthThatCannotBeIsReported(int length)
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        using RingHandle producer = RingFixture.Attach(ring);
        SetLength(producer, 0, length);
        SetTail(producer, length == (RecordFrame.PaddingFlag | 65536) ? (ulong)Capacity : 1024);
        Assert.That(() => ring.Committed(1000).Length, CorruptFailure);
        Assert.That(() => ring.Committed(1000).Length, CorruptFailure, "it stays broken");
        Assert.That(ring.Consumed, Is.Zero);
    }

    [TestCase(-1)]
    [TestCase(-23)]
    [TestCase(-1025)]
    [TestCase(int.MinValue)]
    [TestCase(int.MinValue + 1)]
    public void AReservationThatCannotBeIsReported(int length)
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        using RingHandle producer = RingFixture.Attach(ring);
        SetLength(producer, 0, length);
        SetTail(producer, 1024);
        Assert.That(ring.Committed(1000).IsEmpty, "negative: being written");
        Assert.That(() => ring.SkipAbandoned(), CorruptFailure);
    }

    [Test]
    public void AFrameThatLooksHalfWrittenEndsTheSkipping()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        using RingHandle producer = RingFixture.Attach(ring);
        *(int*)(producer.Data + 4) = 1; // never stored by an honest producer before its length
        SetTail(producer, 1024);
        Assert.That(ring.SkipAbandoned(), Is.EqualTo(1024));
        Assert.That(ring.Consumed, Is.EqualTo(1024));
    }

    /// <summary>
    /// Everything changes under the consumer's feet; its calls return or report, and stay in the mapping.
    /// </summary>
    [Test]
    public void ChangesUnderTheFeetNeverCrash()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        RingHandle producer = RingFixture.Attach(ring);
        using var stop = new CancellationTokenSource();
        var vandal = new Thread(() => Vandalise(producer, stop.Token));
        vandal.Start();
        int reported = 0;
        int taken = 0;
        for (int i = 0; i < 50_000; i++)
        {
            try
            {
                int length = ring.Committed(4096).Length;
                Assert.That(length, Is.InRange(0, (int)Capacity));
                ring.Consume(length);
                taken += length != 0 ? 1 : 0;
                if (i % 64 == 0)
                {
                    ring.SkipAbandoned();
                }
            }
            catch (ChronoLogException failure) when (failure.Status == Status.Corrupt)
            {
                reported++;
            }

            Assert.That(ring.Tail, Is.InRange(ring.Consumed, ring.Consumed + Capacity));
        }

        stop.Cancel();
        vandal.Join();
        producer.Dispose();
        Assert.That(reported, Is.Positive);
        Assert.That(taken, Is.Positive);
    }

    [Test]
    public void AFileThatIsCutShortIsReported()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        using RingHandle producer = RingFixture.Attach(ring);
        Assert.That(producer.TryAppend(1, 1, 1, new byte[100]), Is.EqualTo(NativeStatus.Ok));
        RingFixture.Drain(ring);
        using (var file = new FileStream(ring.Path, FileMode.Open, FileAccess.Write))
        {
            file.SetLength(0);
        }

        Assert.That(() => ring.Committed(1000).Length, CorruptFailure);
    }

    private static NUnit.Framework.Constraints.IResolveConstraint CorruptFailure =>
        Throws.InstanceOf<ChronoLogException>().With.Property("Status").EqualTo(Status.Corrupt);

    private static void SetTail(RingHandle producer, ulong tail) =>
        Volatile.Write(ref *(ulong*)(producer.Header + RingLayout.TailOffset), tail);

    private static void SetLength(RingHandle producer, int offset, int length) =>
        Volatile.Write(ref *(int*)(producer.Data + offset), length);

    private static void Vandalise(RingHandle producer, CancellationToken stop)
    {
        var random = new Random(1);
        Span<byte> data = new((void*)producer.Data, (int)Capacity);
        while (!stop.IsCancellationRequested)
        {
            ulong consumed = Volatile.Read(ref *(ulong*)(producer.Header + RingLayout.ConsumedOffset));
            int offset = (int)(consumed & ((ulong)Capacity - 1));
            int length = random.Next(6) switch
            {
                0 => random.Next(),
                1 => -random.Next(5000),
                2 => RecordFrame.PaddingFlag | (int)(Capacity - offset),
                _ => RecordFrame.HeaderLength + random.Next(200),
            };
            SetLength(producer, offset, length);
            MemoryMarshal.Cast<byte, int>(data)[random.Next((int)Capacity / 4)] = random.Next(-5000, 5000);
            ulong ahead = random.Next(8) == 0
                ? (ulong)random.NextInt64()
                : (ulong)random.Next((int)Capacity + 16) & ~7UL;
            SetTail(producer, consumed + ahead);
        }
    }
}
