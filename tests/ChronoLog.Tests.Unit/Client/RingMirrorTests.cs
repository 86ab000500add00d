using ChronoLog.Client;
using ChronoLog.Core.Agents;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using ChronoLog.Transport.Rings;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>The client's end of a mirrored ring, with a Keeper that the test plays. Nothing was sent to it.</summary>
internal sealed class RingMirrorTests
{
    [TestCase(8ul, 0ul, 0ul, TestName = "Received_what_was_never_sent")]
    [TestCase(0ul, 8ul, 0ul, TestName = "Consumed_what_it_has_not_received")]
    [TestCase(0ul, 0ul, 8ul, TestName = "Synced_what_it_has_not_consumed")]
    public void AnAnswerThatCannotBeGivesNothingBackAndEndsTheRing(ulong tail, ulong consumed, ulong durable)
    {
        using PlayedEnd end = Hear(new MirrorReply { Tail = tail, Consumed = consumed, Durable = durable, Epoch = 1 });
        Assert.That(end.IsClosed, Is.True);
        Assert.That((end.Consumed, end.Durable, end.Beats), Is.EqualTo((0, 0, 0)));
    }

    [Test]
    public void AnAnswerThatCanBeIsASignOfLife()
    {
        using PlayedEnd end = Hear(new MirrorReply { Epoch = 1 });
        Assert.That(end.IsClosed, Is.False);
        Assert.That(end.Beats, Is.Positive);
    }

    private static PlayedEnd Hear(MirrorReply reply)
    {
        var timers = new ManualTimers();
        var pump = new StrandPump(timers);
        var rpc = new InMemoryRpc(timers);
        InMemoryRpcServer keeper = rpc.NewServer(pump.Add("keeper"));
        keeper.Handle(Methods.WatchRing, (_, _) => ValueTask.FromResult(reply));
        keeper.Start();
        var end = new PlayedEnd();
        Strand strand = pump.Add("rings");
        using var mirror = new RingMirror(
            end, new MirrorIdentity { ClientId = 5, RingId = end.RingId, Path = end.Path }, "keeper", rpc.Open(keeper.Endpoint),
            new InMemoryBulkNetwork().NewEndpoint("client"), 1 << 20, timers, NullLogger.Instance, CancellationToken.None);
        pump.Run(strand, () => new ValueTask(mirror.BeginAsync()));
        return end;
    }

    /// <summary>64 bytes are reserved in it, and nothing is committed.</summary>
    private sealed class PlayedEnd : IMirroredRing
    {
        public ulong RingId => 7;

        public string Path => "/played";

        public long CapacityBytes => 4096;

        public long Tail => 64;

        public long Consumed { get; private set; }

        public long Durable { get; private set; }

        public int Beats { get; private set; }

        public bool IsClosed { get; private set; }

        public int CommittedAfter(long from, int maxBytes) => 0;

        public void Copy(long from, Span<byte> destination) => throw new NotSupportedException("nothing is committed");

        public void ConsumeThrough(long through) => Consumed = through;

        public void PublishDurable(long position) => Durable = position;

        public void Beat() => Beats++;

        public void CloseToProducers() => IsClosed = true;

        public void Unlink()
        {
        }

        public void Dispose()
        {
        }
    }
}
