using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Following;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using ChronoLog.Tests.Unit.Playback;

namespace ChronoLog.Tests.Unit.Following;

/// <summary>Questions and their answers: what is parked, for whom, how long, and how much an answer holds.</summary>
public sealed class FollowServiceTests
{
    private const ulong StoryId = 7;
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);

    private readonly ManualTimers timers = new();
    private StrandPump pump = null!;
    private Strand reader = null!;
    private IRpcChannel channel = null!;
    private FollowService service = null!;

    [TearDown]
    public async Task StopAsync() => await channel.DisposeAsync();

    [Test]
    public void A_question_for_read_through_alone_brings_no_batches_and_is_answered_once()
    {
        Start(new FollowServiceOptions());
        FollowReply joined = Now(new FollowRequest());
        Task<FollowReply> asked = Ask(new FollowRequest { Feed = joined.Feed, Through = 100, OnlyThrough = true });
        Record(10, 20, 30);
        Assert.That(asked.IsCompleted, Is.False, "events are no answer to it");

        OnStrand(() => Followed.State(99, 0));
        Assert.That(asked.IsCompleted, Is.False);
        OnStrand(() => Followed.State(101, 50));
        Record(200);
        FollowReply reply = pump.Complete(asked);
        Assert.That(
            (reply.ReadThrough, reply.Watermark, reply.Next, reply.Batches.Count, reply.Restarted),
            Is.EqualTo((101UL, 50UL, 1UL, 0, false)), "of the one batch that was there then");
    }

    [Test]
    public void Of_another_process_it_says_so_at_once()
    {
        Start(new FollowServiceOptions());
        FollowReply joined = Now(new FollowRequest());
        FollowReply reply = pump.Complete(
            Ask(new FollowRequest { Feed = joined.Feed + 1, Position = 3, Through = 100, OnlyThrough = true }));
        Assert.That((reply.Restarted, reply.Feed), Is.EqualTo((true, joined.Feed)));
    }

    [Test]
    public void Who_leaves_frees_its_place_and_nobody_elses()
    {
        Start(new FollowServiceOptions { FollowersMax = 2 });
        FollowReply joined = Now(new FollowRequest());
        FollowRequest first = Question(joined, client: 1, follower: 1);
        FollowRequest second = Question(joined, client: 1, follower: 2);
        Task<FollowReply> leaving = Ask(first);
        Task<FollowReply> staying = Ask(second);
        pump.Settle();
        Assert.That(service.Waiting, Is.EqualTo(2));

        Now(new FollowRequest { ClientId = 2, Follower = 1, Leaves = true });
        Assert.That(service.Waiting, Is.EqualTo(2), "somebody else's");
        Now(new FollowRequest { ClientId = 1, Follower = 1, Leaves = true });
        Assert.That((service.Waiting, leaving.IsCompleted, staying.IsCompleted), Is.EqualTo((1, true, false)));
        Assert.That(Now(new FollowRequest()).Feed, Is.EqualTo(joined.Feed), "there is room for another one");
    }

    [Test]
    public void With_many_followers_each_gets_less_at_once()
    {
        const int Followers = 64;
        (FollowReply joined, List<Task<FollowReply>> asked) = AskAll(Followers);
        RecordBytes(count: 40, bytes: 50_000);

        foreach (Task<FollowReply> each in asked)
        {
            FollowReply reply = pump.Complete(each);
            Assert.That(reply.CalculateSize(), Is.InRange(50_000, (32 << 20) / Followers + 1000));
            Assert.That(reply.Restarted, Is.False);
        }

        // Alone, the same follower gets as much as an answer holds.
        Assert.That(Now(Question(joined, client: 1, follower: 1)).CalculateSize(), Is.InRange(900_000, 1_100_000));
    }

    [Test]
    public void What_is_larger_than_its_share_comes_by_replay()
    {
        const int Followers = 64;
        (FollowReply joined, List<Task<FollowReply>> asked) = AskAll(Followers);
        RecordBytes(count: 1, bytes: 600_000);

        FollowReply reply = pump.Complete(asked[0]);
        Assert.That((reply.Restarted, reply.Oldest, reply.Batches.Count), Is.EqualTo((true, 1UL, 0)));
    }

    private FollowedStory Followed => service.Find(StoryId)!;

    private (FollowReply Joined, List<Task<FollowReply>> Asked) AskAll(int followers)
    {
        Start(new FollowServiceOptions { BytesMax = 32 << 20, ReplyBytesMax = 1 << 20 });
        FollowReply joined = Now(new FollowRequest());
        List<Task<FollowReply>> asked =
            [.. Enumerable.Range(1, followers).Select(i => Ask(Question(joined, client: 1, follower: (ulong)i)))];
        pump.Settle();
        return (joined, asked);
    }

    private static FollowRequest Question(FollowReply joined, ulong client, ulong follower) =>
        new() { Feed = joined.Feed, Position = joined.Next, ClientId = client, Follower = follower };

    private void Start(FollowServiceOptions options)
    {
        pump = new StrandPump(timers);
        Strand strand = pump.Add("server");
        reader = pump.Add("reader");
        var rpc = new InMemoryRpc(timers);
        InMemoryRpcServer server = rpc.NewServer(strand);
        service = new FollowService(options, timers, strand, firstFeed: 10, pausesWhenFull: false)
        {
            Began = _ => { },
            Ended = _ => { },
        };
        service.Register(server);
        server.Start();
        channel = rpc.Open(server.Endpoint);
    }

    private Task<FollowReply> Ask(FollowRequest request, TimeSpan? wait = null)
    {
        request.Story = new StoryDescriptor { StoryId = StoryId, Chronicle = "c", Story = "s" };
        request.WaitMilliseconds = (uint)(wait ?? Wait).TotalMilliseconds;
        Task<FollowReply> asked = reader.InvokeAsync(() => channel.CallAsync(Methods.Follow, request, 2 * Wait));
        pump.Settle();
        return asked;
    }

    private FollowReply Now(FollowRequest request) => pump.Complete(Ask(request, TimeSpan.Zero));

    private void OnStrand(Action action)
    {
        action();
        pump.Settle();
    }

    private void Record(params ulong[] ticks)
    {
        EventRun run = TestEvent.ToRun(ticks.Select(tick => new TestEvent(tick, 1, 0, $"event {tick}")));
        Followed.Feed.Append(run.Entries);
        run.Release();
        pump.Settle();
    }

    private void RecordBytes(int count, int bytes)
    {
        EventRun run = TestEvent.ToRun(
            Enumerable.Range(1, count).Select(i => new TestEvent((ulong)i, 1, (uint)i, new string('x', bytes))));
        Followed.Feed.Append(run.Entries);
        run.Release();
        pump.Settle();
    }
}
