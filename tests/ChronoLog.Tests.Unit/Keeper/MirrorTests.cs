using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Keeper.Mirroring;
using ChronoLog.Tests.Unit.Fakes;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Keeper;

/// <summary>A Keeper with a client on another node, which the test plays.</summary>
internal sealed class MirrorTests
{
    private const ulong Now = KeeperHarness.Start;
    private const string Recording = "tcp://keeper:1";

    private KeeperHarness keeper = null!;
    private InMemoryBulk bulk = null!;
    private FakeRing ring = null!;
    private MirrorIdentity identity = null!;
    private ulong story;

    [SetUp]
    public void SetUp()
    {
        keeper = new KeeperHarness(options => options with { FenceDeadline = TimeSpan.FromSeconds(1) }).Started();
        bulk = keeper.Network.NewEndpoint("client");
        story = keeper.StartStory("a");
        OpenRingReply reply = keeper.Call(Recording, Methods.OpenRing, new OpenRingRequest
        {
            ClientId = 5, Host = "there", Pid = 100, Mirrored = true,
        });
        ring = keeper.Rings.Rings.Single();
        identity = new MirrorIdentity { ClientId = 5, RingId = reply.RingId, Path = reply.Path };
        Watch();
    }

    [TearDown]
    public async Task TearDown()
    {
        ring.Dispose();
        keeper.Dispose();
        await bulk.DisposeAsync();
    }

    [Test]
    public void ASpanIsPulledConsumedAndAnswered()
    {
        byte[] span = Frame(0, "x");
        MirrorReply fed = Feed(0, span);
        Assert.That(fed.Tail, Is.EqualTo(span.Length));
        keeper.Pass(TimeSpan.FromMilliseconds(100));

        MirrorReply answer = Watch();
        Assert.That(answer.Consumed, Is.EqualTo(span.Length));
        Assert.That(answer.Durable, Is.EqualTo(span.Length));
        Assert.That(Replay((ulong)span.Length), Is.EqualTo(new[] { "x" }));
        Assert.That(bulk.BytesRented, Is.Zero);
    }

    [Test]
    public void ASpanThatCameAlreadyIsNotTakenAgain()
    {
        byte[] span = Frame(0, "x");
        Feed(0, span);
        Assert.That(Feed(0, span).Tail, Is.EqualTo(span.Length));
        Assert.That(Replay((ulong)span.Length), Is.EqualTo(new[] { "x" }));
    }

    [Test]
    public void SpansThatOvertakeEachOtherAreAppendedInTurn()
    {
        byte[] first = Frame(0, "x");
        byte[] second = Frame(1, "y");
        Task<MirrorReply> later = FeedAsync((ulong)first.Length, second);
        keeper.Cycle();
        Assert.That(later.IsCompleted, Is.False);
        Assert.That(ring.Tail, Is.Zero);

        Feed(0, first);
        keeper.Cycle();
        Assert.That(later.Result.Tail, Is.EqualTo(first.Length + second.Length));
        Assert.That(Replay(later.Result.Tail), Is.EqualTo(new[] { "x", "y" }));
    }

    [Test]
    public void OneThatIsMissingIsSaidSoAfterAWhile()
    {
        MirrorReply reply = Feed(64, Frame(1, "y"));
        Assert.That(reply.Tail, Is.Zero);
        Assert.That(ring.Tail, Is.Zero);
    }

    [Test]
    public void RequestsAreChecked()
    {
        byte[] span = Frame(0, "x");
        Assert.That(Failure(() => Feed(0, span, length: 0)), Is.EqualTo(Status.InvalidArgument));
        Assert.That(Failure(() => Feed(0, span, length: uint.MaxValue)), Is.EqualTo(Status.InvalidArgument));
        Assert.That(Failure(() => Feed(ulong.MaxValue - 7, span)), Is.EqualTo(Status.InvalidArgument));
        Assert.That(Failure(() => Feed((ulong)ring.CapacityBytes, span)), Is.EqualTo(Status.InvalidArgument));
        Assert.That(
            Failure(() => keeper.Call(Recording, Methods.FeedRing, new FeedRingRequest { Ring = identity })),
            Is.EqualTo(Status.InvalidArgument));
        Assert.That(Failure(() => keeper.Call(Recording, Methods.FeedRing, new FeedRingRequest())), Is.EqualTo(Status.NotExist));
        Assert.That(Failure(() => keeper.Call(Recording, Methods.WatchRing, new WatchRingRequest())), Is.EqualTo(Status.NotExist));
        identity.Path += "x"; // whoever does not know it is not this client
        Assert.That(Failure(() => Feed(0, span)), Is.EqualTo(Status.NotExist));
        Assert.That(Failure(() => Watch()), Is.EqualTo(Status.NotExist));
        Assert.That(ring.Tail, Is.Zero);
    }

    [Test]
    public void AReplayWaitsForWhatTheClientsEndHolds()
    {
        byte[] span = Frame(0, "x");
        Task<MirrorReply> question = WatchAsync();
        keeper.Cycle();
        Assert.That(question.IsCompleted, Is.False, "there is nothing to tell");

        List<Gap> gaps = [];
        Task<List<string>> read = Start(gaps);
        keeper.Cycle();
        Assert.That(question.Result.Fence, Is.GreaterThan(0UL));
        Task<MirrorReply> next = WatchAsync(fence: question.Result.Fence, tail: (ulong)span.Length);
        keeper.Cycle();
        Assert.That(read.IsCompleted, Is.False);

        Feed(0, span);
        Finish(read);
        Assert.That(read.Result, Is.EqualTo(new[] { "x" }));
        Assert.That(gaps, Is.Empty);
    }

    [Test]
    public void WhileAClientIsSilentReplaysSaySoAndThenItIsGivenUp()
    {
        List<Gap> gaps = [];
        Finish(Start(gaps));
        Assert.That(gaps, Has.Count.EqualTo(1));
        Assert.That(gaps[0].Reason, Does.Contain("another node"));

        keeper.Pass(TimeSpan.FromSeconds(6));
        gaps.Clear();
        Finish(Start(gaps));
        Assert.That(gaps, Is.Empty);
        Assert.That(ring.IsClosed, Is.True);
        Assert.That(Watch().Gone, Is.True, "it learns how its ring ended");
    }

    [Test]
    public void AFenceOfAnEarlierProcessIsNoAnswer()
    {
        Task<MirrorReply> question = WatchAsync(fence: 41, tail: 0); // this process's epoch is 42
        List<Gap> gaps = [];
        Task<List<string>> read = Start(gaps);
        keeper.Cycle();
        Assert.That(question.Result.Fence, Is.GreaterThan(42UL));
        Assert.That(read.IsCompleted, Is.False);
        Finish(read);
        Assert.That(gaps, Has.Count.EqualTo(1));
    }

    [Test]
    public void AKeeperThatEndsWaitsForWhatIsReserved()
    {
        byte[] span = Frame(0, "x");
        Task<bool> drained = keeper.Strand.InvokeAsync(
            () => new ValueTask<bool>(keeper.Role.DrainAsync(TimeSpan.FromSeconds(4))));
        keeper.Cycle();
        MirrorReply answer = Watch();
        Assert.That((answer.Closing, answer.Closed), Is.EqualTo((true, false)));

        Assert.That(Feed(0, span).Tail, Is.EqualTo(span.Length), "it still takes what was reserved");
        keeper.Call(Recording, Methods.WatchRing, new WatchRingRequest
        {
            Ring = identity, Tail = (ulong)span.Length, Final = true, Closed = true, PatienceMilliseconds = 10,
        });
        keeper.Pass(TimeSpan.FromMilliseconds(500));
        Assert.That(ring.IsClosed, Is.True);
        Assert.That(ring.IsDisposed, Is.True);
        Assert.That(Watch().Gone, Is.True);
        keeper.Pass(TimeSpan.FromSeconds(5));
        Assert.That(drained.IsCompleted, Is.True);
    }

    [Test]
    public void MoreSpansAtOnceThanAClientSendsAreRefused()
    {
        byte[] span = Frame(1, "y");
        Task<MirrorReply>[] waiting = [.. Enumerable.Range(0, MirrorDesk.FeedsPerRingMax).Select(_ => FeedAsync(64, span))];
        keeper.Cycle();
        Assert.That(Failure(() => Feed(64, span)), Is.EqualTo(Status.LimitExceeded));
        keeper.Pass(TimeSpan.FromSeconds(1));
        Assert.That(waiting.All(each => each.IsCompletedSuccessfully), Is.True);
    }

    private static Status Failure(Action call)
    {
        try
        {
            call();
            return Status.Ok;
        }
        catch (ChronoLogException exception)
        {
            return exception.Status;
        }
    }

    private byte[] Frame(uint index, string record)
    {
        byte[] bytes = new byte[64];
        int length = RecordFrame.Write(bytes, story, Now, index, System.Text.Encoding.UTF8.GetBytes(record));
        return bytes[..length];
    }

    private Task<List<string>> Start(List<Gap> gaps)
    {
        var request = new OpenReadRequest
        {
            Story = KeeperHarness.Story("a"), StartTime = 0, EndTime = ulong.MaxValue, ClientId = 1,
        };
        return keeper.Strand.InvokeAsync(() => HotReader.ReadAsync(keeper, request, gaps));
    }

    // The client answers what it is asked, as it does while it lives.
    private List<string> Replay(ulong tail)
    {
        List<Gap> gaps = [];
        Task<List<string>> read = Start(gaps);
        keeper.Cycle();
        MirrorReply asked = Watch();
        WatchAsync(asked.Fence, tail);
        Finish(read);
        Assert.That(gaps, Is.Empty);
        return read.Result;
    }

    private void Finish(Task<List<string>> read)
    {
        for (int i = 0; i < 2000 && !read.IsCompleted; i++)
        {
            keeper.Cycle();
            if (!read.IsCompleted)
            {
                keeper.Pump.Advance(TimeSpan.FromMilliseconds(5));
            }
        }

        read.GetAwaiter().GetResult();
    }

    private MirrorReply Watch() => keeper.Call(
        Recording, Methods.WatchRing, new WatchRingRequest { Ring = identity, PatienceMilliseconds = 10 });

    private Task<MirrorReply> WatchAsync(ulong fence = 0, ulong tail = 0) => CallAsync(Methods.WatchRing, new WatchRingRequest
    {
        Ring = identity, Fence = fence, Tail = tail, Consumed = ulong.MaxValue, Durable = ulong.MaxValue,
        PatienceMilliseconds = 1000,
    });

    private MirrorReply Feed(ulong position, byte[] span, uint? length = null)
    {
        using IExposure exposure = Expose(span);
        var descriptor = exposure.Descriptor.Clone();
        descriptor.Length = length ?? descriptor.Length;
        return keeper.Call(
            Recording, Methods.FeedRing, new FeedRingRequest { Ring = identity, Position = position, Span = descriptor });
    }

    private Task<MirrorReply> FeedAsync(ulong position, byte[] span) => CallAsync(
        Methods.FeedRing, new FeedRingRequest { Ring = identity, Position = position, Span = Expose(span).Descriptor });

    private Task<MirrorReply> CallAsync<TRequest>(RpcMethod<TRequest, MirrorReply> method, TRequest request)
        where TRequest : class, Google.Protobuf.IMessage<TRequest> => keeper.Strand.InvokeAsync(
        async () => await keeper.Rpc.Open(Recording).CallAsync(method, request, TimeSpan.FromSeconds(10)));

    private IExposure Expose(byte[] span)
    {
        Slab slab = bulk.TryRent(span.Length)!;
        span.CopyTo(slab.Span);
        IExposure exposure = bulk.Expose(slab, span.Length, Crc32C.Compute(span));
        slab.Release();
        return exposure;
    }
}
