using System.Diagnostics;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;
using ChronoLog.Transport.Rings;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Rings;

/// <summary>A Keeper's process dies and another one goes on with its rings, under the hands of their clients.</summary>
[TestFixture]
public sealed unsafe class ReattachTests
{
    private const ulong Owner = 0xabc;

    [Test]
    public void CommittedEventsSurviveAndTheClientGoesOnWithoutNotice()
    {
        using var fixture = new RingFixture(new SharedRingOptions { OwnerKey = Owner });
        SharedRing dead = fixture.CreateRing(producerPid: Environment.ProcessId);
        StoryWriter writer = fixture.Open(dead);
        writer.LogEvent("taken"u8);
        RingFixture.Drain(dead);
        writer.LogEvent("left"u8);

        using SharedRingHost next = NextHost(fixture);
        ReattachedRing found = next.Reattach(new Dictionary<ulong, long>()).Rings.Single();
        writer.LogEvent("later"u8);

        Assert.That(Drain(found), Is.EqualTo(new[] { "left", "later" }));
        Assert.That(found.Ring.ClientId, Is.EqualTo(RingFixture.ClientId));
        Assert.That(found.Ring.RingId, Is.EqualTo(dead.RingId));
        Assert.That(found.ProducerPid, Is.EqualTo(Environment.ProcessId));
        Assert.That(next.BytesUsed, Is.EqualTo(RingLayout.CapacityMin));
        found.Ring.PublishDurable(found.Ring.Consumed);
        writer.Flush(DurabilityLevel.Synced, TimeSpan.Zero);
        found.Ring.Dispose();
        Assert.That(File.Exists(dead.Path), Is.False);
        Assert.That(() => writer.LogEvent("x"u8), Throws.InstanceOf<ChronoLogException>());
    }

    /// <summary>Killed between the journal's append and the ring's consumption, at any byte of the zeroing.</summary>
    [TestCase(0, false)]
    [TestCase(1, false)]
    [TestCase(40, true)]
    [TestCase(int.MaxValue, true)]
    public void WhatTheJournalHasIsNotGivenAgain(int zeroed, bool isStated)
    {
        using var fixture = new RingFixture(new SharedRingOptions { OwnerKey = Owner });
        SharedRing dead = fixture.CreateRing();
        StoryWriter writer = fixture.Open(dead);
        // Over the end of the data, so that what is to be zeroed again wraps.
        byte[] filler = new byte[5000];
        for (int i = 0; i < 12; i++)
        {
            writer.LogEvent(filler);
        }

        RingFixture.Drain(dead);
        for (int i = 0; i < 3; i++)
        {
            writer.LogEvent(filler);
        }

        long journaled = dead.Tail;
        writer.LogEvent("next"u8);
        using RingHandle producer = RingFixture.Attach(dead);
        int from = (int)(dead.Consumed & (RingLayout.CapacityMin - 1));
        new Span<byte>((void*)(producer.Data + from), (int)Math.Min(zeroed, RingLayout.CapacityMin - from)).Clear();
        if (isStated)
        {
            Volatile.Write(ref *(long*)(producer.Header + RingLayout.ConsumingOffset), journaled);
        }

        // Either of the two positions is enough: the journal's of a batch, the ring's own of padding.
        Dictionary<ulong, long> known = isStated ? [] : new() { [dead.RingId] = journaled };
        using SharedRingHost next = NextHost(fixture);
        ReattachedRing found = next.Reattach(known).Rings.Single();

        Assert.That(found.Ring.Consumed, Is.EqualTo(journaled));
        Assert.That(Drain(found), Is.EqualTo(new[] { "next" }));
        Assert.That(
            new ReadOnlySpan<byte>((void*)producer.Data, (int)RingLayout.CapacityMin).IndexOfAnyExcept((byte)0),
            Is.EqualTo(-1), "what was consumed is zero again");
    }

    [Test]
    public void TheConsumerSaysHowFarItWillZero()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        StoryWriter writer = fixture.Open(ring);
        using RingHandle producer = RingFixture.Attach(ring);
        for (int i = 0; i < 30; i++)
        {
            writer.LogEvent(new byte[5000]); // with padding now and then
            RingFixture.Drain(ring);
            long consuming = Volatile.Read(ref *(long*)(producer.Header + RingLayout.ConsumingOffset));
            Assert.That(consuming, Is.EqualTo(ring.Consumed));
        }
    }

    [Test]
    public void AnAppendThatWaitsForRoomGoesOnWhenTheKeeperIsBack()
    {
        using var fixture = new RingFixture(new SharedRingOptions { OwnerKey = Owner });
        SharedRing dead = fixture.CreateRing();
        StoryWriter writer = fixture.Open(dead);
        writer.FullTimeout = TimeSpan.Zero;
        Assert.That(() => { while (true) { writer.LogEvent(new byte[1000]); } }, Throws.InstanceOf<ChronoLogException>());
        using RingHandle producer = RingFixture.Attach(dead);
        // Silent for longer than a live Keeper ever is.
        Volatile.Write(ref *(ulong*)(producer.Header + RingLayout.HeartbeatOffset),
            SharedClock.MonotonicNanoseconds - 10_000_000_000);
        writer.FullTimeout = TimeSpan.FromSeconds(60);
        Task<ulong> waiting = Task.Run(() => writer.LogEvent("waited"u8));
        SpinWait.SpinUntil(() => Volatile.Read(ref *(int*)(producer.Header + RingLayout.WaitersOffset)) != 0, 30_000);
        Assert.That(waiting.IsCompleted, Is.False);

        using SharedRingHost next = NextHost(fixture);
        ReattachedRing found = next.Reattach(new Dictionary<ulong, long>()).Rings.Single();
        List<string> first = Drain(found);

        Assert.That(waiting.Wait(TimeSpan.FromSeconds(30)), Is.True);
        Assert.That(first.Concat(Drain(found)).Last(), Is.EqualTo("waited"));
    }

    [Test]
    public void AKeeperThatEndsInOrderLeavesWhatItHasNotTakenToItsNextProcess()
    {
        using var fixture = new RingFixture(new SharedRingOptions { OwnerKey = Owner });
        SharedRing full = fixture.CreateRing();
        SharedRing empty = fixture.CreateRing();
        fixture.Open(full).LogEvent("left"u8);
        full.CloseToProducers();
        fixture.Host.Dispose();
        Assert.That(File.Exists(empty.Path), Is.False);

        using SharedRingHost next = NextHost(fixture);
        ReattachedRing found = next.Reattach(new Dictionary<ulong, long>()).Rings.Single();

        Assert.That(found.IsClosed, Is.True);
        Assert.That(Drain(found), Is.EqualTo(new[] { "left" }));
    }

    [Test]
    public void RingsOfOtherKeepersAreLeftAlone()
    {
        using var fixture = new RingFixture(new SharedRingOptions { OwnerKey = Owner });
        SharedRing other = fixture.CreateRing();
        using var stranger = new SharedRingHost(
            new SharedRingOptions { Directory = fixture.Directory, OwnerKey = Owner + 1 });
        ReattachedRings found = stranger.Reattach(new Dictionary<ulong, long>());
        Assert.That(found.Rings, Is.Empty);
        Assert.That(found.Troubles, Is.Empty);
        Assert.That(File.Exists(other.Path), Is.True);
    }

    [Test]
    public void AClientThatDiedMeanwhileIsNoticedAlsoWhenItsPidIsAnothersNow()
    {
        using var fixture = new RingFixture(new SharedRingOptions { OwnerKey = Owner });
        using Process client = Process.Start("sleep", "60");
        SharedRing dead = fixture.CreateRing(producerPid: client.Id);
        SharedRing recycled = fixture.CreateRing(producerPid: Environment.ProcessId);
        fixture.Open(dead).LogEvent("last words"u8);
        using (RingHandle producer = RingFixture.Attach(recycled))
        {
            const int ProducerStartedOffset = 72;
            *(ulong*)(producer.Header + ProducerStartedOffset) -= 1;
        }

        client.Kill();
        client.WaitForExit();
        using SharedRingHost next = NextHost(fixture);
        ReattachedRings found = next.Reattach(new Dictionary<ulong, long>());

        Assert.That(found.Rings.Select(ring => ring.Ring.ProducerAlive), Is.EqualTo(new[] { false, false }));
        Assert.That(Drain(found.Rings[0]), Is.EqualTo(new[] { "last words" }));
    }

    [TestCase(RingLayout.ConsumedOffset, 8L)]
    [TestCase(RingLayout.ConsumedOffset, -8L)]
    [TestCase(RingLayout.ConsumedOffset, long.MinValue)]
    [TestCase(RingLayout.ConsumingOffset, 1L << 40)]
    [TestCase(RingLayout.ConsumingOffset, 3L)]
    [TestCase(RingLayout.TailOffset, 4L)]
    [TestCase(RingLayout.TailOffset, 1L << 50)]
    [TestCase(0, 1L, Description = "magic")]
    [TestCase(8, 7L, Description = "version")]
    [TestCase(16, 1L << 20, Description = "capacity")]
    [TestCase(48, 77L, Description = "ring id")]
    public void ARingWhoseHeaderCannotBeIsRefusedAndRemovedAndTheOthersGoOn(int offset, long value)
    {
        using var fixture = new RingFixture(new SharedRingOptions { OwnerKey = Owner });
        SharedRing broken = fixture.CreateRing();
        SharedRing sound = fixture.CreateRing();
        using RingHandle producer = RingFixture.Attach(broken);
        *(long*)(producer.Header + offset) = value;

        using SharedRingHost next = NextHost(fixture);
        ReattachedRings found = next.Reattach(new Dictionary<ulong, long>());

        Assert.That(found.Rings.Single().Ring.RingId, Is.EqualTo(sound.RingId));
        Assert.That(found.Troubles.Single(), Does.Contain(broken.Path));
        Assert.That(File.Exists(broken.Path), Is.False);
        Assert.That(next.BytesUsed, Is.EqualTo(RingLayout.CapacityMin));
    }

    [Test]
    public void FilesThatAreNoRingsAreSurvived()
    {
        using var fixture = new RingFixture(new SharedRingOptions { OwnerKey = Owner });
        SharedRing sound = fixture.CreateRing();
        string Name(int number) => Path.Combine(fixture.Directory, $"chronolog-abc-{number:x}-0123");
        File.WriteAllBytes(Name(100), []);
        File.WriteAllBytes(Name(101), new byte[200_000]);
        Process.Start("mkfifo", Name(102)).WaitForExit();
        File.CreateSymbolicLink(Name(103), sound.Path);
        Directory.CreateDirectory(Name(104));
        File.WriteAllText(Path.Combine(fixture.Directory, "chronolog-abc-zz-0123"), "no ring id");
        using (FileStream sparse = File.Create(Name(105)))
        {
            sparse.SetLength(1L << 40);
        }

        using SharedRingHost next = NextHost(fixture);
        ReattachedRings found = next.Reattach(new Dictionary<ulong, long>());

        Assert.That(found.Rings.Single().Ring.RingId, Is.EqualTo(sound.RingId));
        Assert.That(found.Troubles, Has.Count.EqualTo(6));
        Assert.That(next.BytesUsed, Is.EqualTo(RingLayout.CapacityMin));
    }

    // The next process of the Keeper: the first one's objects are simply not used any more.
    private static SharedRingHost NextHost(RingFixture fixture) =>
        new(new SharedRingOptions { Directory = fixture.Directory, OwnerKey = Owner });

    private static List<string> Drain(ReattachedRing ring) =>
        [.. RingFixture.Drain((SharedRing)ring.Ring).Select(each => System.Text.Encoding.UTF8.GetString(each.Record))];
}
