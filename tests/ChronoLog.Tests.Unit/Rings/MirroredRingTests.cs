using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;
using ChronoLog.Transport.Rings;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Rings;

/// <summary>Both ends of a mirrored ring, with the test as the wire between them.</summary>
[TestFixture]
public sealed class MirroredRingTests
{
    private const long Capacity = RingLayout.CapacityMin;

    private RingFixture fixture = null!;
    private SharedRingHost own = null!;
    private SharedRing client = null!;
    private SharedRing keeper = null!;
    private StoryWriter writer = null!;

    [SetUp]
    public void SetUp()
    {
        fixture = new RingFixture();
        own = new SharedRingHost(new SharedRingOptions { Directory = fixture.Directory, IsPrivate = true });
        client = own.Create(RingFixture.ClientId, 1, 0, Capacity);
        keeper = fixture.Host.Create(RingFixture.ClientId, 1, 4711, Capacity, isMirror: true);
        writer = fixture.Session.OpenStory(
            RingFixture.StoryId, Placement.LocalFirst, [fixture.Session.AddRing((IMirroredRing)client)]);
        writer.FullTimeout = TimeSpan.Zero;
    }

    [TearDown]
    public void TearDown()
    {
        writer.Dispose();
        client.Dispose();
        keeper.Dispose();
        own.Dispose();
        fixture.Dispose();
    }

    [TestCase(1)]
    [TestCase(2)]
    public void WhatIsRecordedComesOutAtTheKeeperOverManyLaps(int seed)
    {
        var random = new Random(seed);
        List<RingEvent> recorded = [];
        List<RingEvent> taken = [];
        long sent = 0;
        while (sent < 20 * Capacity)
        {
            byte[] record = new byte[random.Next(random.Next(2) == 0 ? 40 : 8000)];
            random.NextBytes(record);
            if (TryRecord(record) is { } done)
            {
                recorded.Add(done);
            }

            if (random.Next(3) == 0)
            {
                sent = Carry(sent, random.Next(1, 20_000));
            }

            if (random.Next(5) == 0)
            {
                taken.AddRange(RingFixture.Drain(keeper));
                client.ConsumeThrough(keeper.Consumed);
            }
        }

        Carry(Carry(sent, int.MaxValue), int.MaxValue);
        taken.AddRange(RingFixture.Drain(keeper));
        Assert.That(keeper.Tail, Is.EqualTo(client.Tail), "a position means the same in both ends");
        Assert.That(taken.Select(Text), Is.EqualTo(recorded.Select(Text)));
    }

    [Test]
    public void WhatTheKeeperHasNotConsumedTakesItsRoom()
    {
        while (TryRecord(new byte[1000]) is not null)
        {
        }

        long sent = Carry(0, int.MaxValue);
        Assert.That(TryRecord(new byte[1000]), Is.Null, "sent is not consumed");

        RingFixture.Drain(keeper);
        client.ConsumeThrough(keeper.Consumed);
        client.PublishDurable(keeper.Consumed);
        Assert.That(TryRecord(new byte[1000]), Is.Not.Null);
        Assert.That(client.Consumed, Is.EqualTo(sent));
        Assert.That(() => writer.TryFlush(Core.Model.DurabilityLevel.Journaled), Is.False, "the last one is not");
    }

    [Test]
    public void NothingBehindTheTailIsSentAndNoFrameIsDivided()
    {
        TryRecord("a"u8.ToArray());
        long committed = client.Tail;
        Assert.That(client.CommittedAfter(committed, 1000), Is.Zero);
        Assert.That(client.CommittedAfter(committed + 8, 1000), Is.Zero);
        Assert.That(client.CommittedAfter(0, 1), Is.EqualTo(committed), "at least one frame");
    }

    [Test]
    public void SpansThatCannotBeTheNextOnesAreRefused()
    {
        byte[] span = new byte[64];
        Assert.That(keeper.TryFeed(8, span), Is.False, "one before it is missing");
        Assert.That(() => keeper.TryFeed(0, span.AsSpan(0, 7)), Refused());
        Assert.That(() => keeper.TryFeed(4, span), Refused());
        Assert.That(() => keeper.TryFeed(-8, span), Refused());
        Assert.That(() => keeper.TryFeed(0, default), Refused());
        Assert.That(() => keeper.TryFeed(0, new byte[Capacity + 8]), Refused());
        Assert.That(() => keeper.TryFeed(Capacity - 8, span), Refused(), "it would lie beyond the data");
        Assert.That(() => keeper.TryFeed(Capacity, span), Refused(), "there is no room");
        Assert.That(() => client.TryFeed(0, span), Refused(), "it is no mirror");
        keeper.CloseToProducers();
        Assert.That(keeper.TryFeed(0, span), Is.False);
    }

    [Test]
    public void WhatIsFedIsCheckedWhereItIsRead()
    {
        byte[] span = new byte[64];
        BitConverter.TryWriteBytes(span, 1000);
        Assert.That(keeper.TryFeed(0, span), Is.True);
        Assert.That(
            () => keeper.Committed(1000).Length,
            Throws.InstanceOf<ChronoLogException>().With.Property("Status").EqualTo(Status.Corrupt));
    }

    [Test]
    public void ARestartedKeeperGoesOnWithItsEndAndNobodyOnItsNodeIsTakenForTheClient()
    {
        RingEvent first = TryRecord("first"u8.ToArray())!;
        long sent = Carry(0, int.MaxValue);
        keeper.Leave(); // it was killed; the pid is one of another node and none of this one's
        var restarted = new SharedRingHost(fixture.Host.Options);
        Core.Ports.ReattachedRing found = restarted.Reattach(new Dictionary<ulong, long>()).Rings.Single();
        keeper = (SharedRing)found.Ring;

        RingEvent second = TryRecord("second"u8.ToArray())!;
        Carry(sent, int.MaxValue);
        Assert.That(keeper.IsMirror, Is.True);
        Assert.That(found.ProducerPid, Is.EqualTo(4711));
        Assert.That(keeper.ProducerAlive, Is.True);
        Assert.That(RingFixture.Drain(keeper).Select(Text), Is.EqualTo(new[] { Text(first), Text(second) }));
        restarted.Dispose();
    }

    [Test]
    public void TheClientsEndHasNoNameAndLeavesNothing()
    {
        Assert.That(File.Exists(client.Path), Is.False);
        Assert.That(TryRecord("a"u8.ToArray()), Is.Not.Null);
        client.CloseToProducers();
        Assert.That(client.IsClosed, Is.True);
        Assert.That(TryRecord("b"u8.ToArray()), Is.Null);
    }

    private static NUnit.Framework.Constraints.IResolveConstraint Refused() =>
        Throws.InstanceOf<ChronoLogException>().With.Property("Status").EqualTo(Status.InvalidArgument);

    private static string Text(RingEvent one) => $"{one.Tick} {one.Index} {Convert.ToHexString(one.Record)}";

    private RingEvent? TryRecord(byte[] record)
    {
        try
        {
            ulong tick = writer.LogEvent(record, out uint index);
            return new RingEvent(RingFixture.StoryId, tick, index, record);
        }
        catch (ChronoLogException)
        {
            return null;
        }
    }

    private long Carry(long from, int maxBytes)
    {
        int length = client.CommittedAfter(from, maxBytes);
        while (length > 0)
        {
            byte[] span = new byte[length];
            client.Copy(from, span);
            Assert.That(keeper.TryFeed(from, span), Is.True);
            from += length;
            length = maxBytes == int.MaxValue ? client.CommittedAfter(from, maxBytes) : 0;
        }

        return from;
    }
}
