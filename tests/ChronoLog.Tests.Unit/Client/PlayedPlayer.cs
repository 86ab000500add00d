using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Following;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Playback;
using ChronoLog.Transport.Bulk;
using ChronoLog.Transport.Rpc;
using ChronoLog.Transport.Timing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>A Player whose pages and transfers are real, and whose events the test chooses.</summary>
internal sealed class PlayedPlayer : IAsyncDisposable
{
    private const string Provider = "ofi+tcp";

    private readonly StrandThread strand = new(new Strand("player"));
    private readonly ZmqRpcServer admin;
    private readonly FabricBulkEndpoint bulk;
    private readonly ReadService reads;
    private readonly FollowService following;
    private ulong lastFeed;
    private int disposed;

    public PlayedPlayer()
    {
        bulk = FabricBulkEndpoint.Open(new FabricOptions(Provider, BudgetBytes: 64 << 20, LargestSlabBytes: 16 << 20));
        reads = new ReadService(
            new ReadServiceOptions { Server = "player-0" },
            RealTimers.Instance,
            bulk,
            (request, _) => ValueTask.FromResult(Plan(request)));
        following = new FollowService(
            new FollowServiceOptions { Server = "player-0", StoryBytesMax = 16 << 10, ReplyBytesMax = 4 << 10 },
            RealTimers.Instance, strand.Strand, firstFeed: 1, pausesWhenFull: false)
        {
            Began = story =>
            {
                story.WantedGrew = () =>
                {
                    if (Settles)
                    {
                        story.State(story.Wanted, 0);
                    }
                };
                Volatile.Write(ref lastFeed, story.Feed.Id);
            },
            Ended = _ => { },
        };
        Query = new HookedServer(new ZmqRpcServer("tcp://127.0.0.1:0", strand.Strand, NullLogger.Instance));
        reads.Register(Query);
        following.Register(Query);
        Query.Start();
        admin = new ZmqRpcServer("tcp://127.0.0.1:0", strand.Strand, NullLogger.Instance);
        admin.Handle(Methods.StartStoryRecording, (_, _) => ValueTask.FromResult(new Empty()));
        admin.Handle(Methods.StopStoryRecording, (_, _) => ValueTask.FromResult(new Empty()));
        admin.Handle(Methods.DestroyStoryData, (_, _) => ValueTask.FromResult(new Empty()));
        admin.Start();
    }

    public HookedServer Query { get; }

    /// <summary>What a replay finds: called on the Player's strand at every opening.</summary>
    public Func<OpenReadRequest, ReadPlan> Plan { get; set; } = _ => ReadPlan.Empty();

    public ProcessIdentity Identity => new()
    {
        Role = Role.Player,
        Name = "player-0",
        Host = HostIdentity.Current,
        Epoch = 1,
        ServiceEndpoint = Query.Endpoint,
        AdminEndpoint = admin.Endpoint,
        FabricProvider = Provider,
    };

    /// <summary>Those of the events that lie in the request's range, as one source.</summary>
    public static ReadPlan Snapshot(
        OpenReadRequest request, IEnumerable<TestEvent> events, ulong watermark = 0, params Gap[] gaps)
    {
        EventRun run = TestEvent.ToRun(
            events.Where(each => each.Time >= request.StartTime && each.Time < request.EndTime));
        var source = new RunReadSource("played", [run]);
        run.Release();
        return new ReadPlan([source], watermark, gaps);
    }

    /// <summary>Followers who wait for read-through get it: everything is in the feed at once.</summary>
    public bool Settles { get; set; } = true;

    /// <summary>Number of the feed that was made last; 0 = nobody has followed yet.</summary>
    public ulong LastFeed => Volatile.Read(ref lastFeed);

    /// <summary>Does something with the followed story, on the Player's strand.</summary>
    public Task FollowedAsync(Action<FollowedStory> action) => strand.Strand.InvokeAsync(() =>
    {
        action(following.Stories.Single());
        return default(ValueTask);
    });

    /// <summary>Everybody who follows is told so.</summary>
    public Task EndFollowingAsync(ChronoLogException reason) => strand.Strand.InvokeAsync(() =>
    {
        following.End(following.Stories.Single().Story.StoryId, reason);
        return default(ValueTask);
    });

    public Task<int> CursorsOpenAsync() =>
        strand.Strand.InvokeAsync(() => ValueTask.FromResult(reads.Statistics.CursorsOpen));

    /// <summary>Ends like a process that is stopped: its clients lose their connections.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        await Query.DisposeAsync();
        await admin.DisposeAsync();
        await strand.Strand.InvokeAsync(() =>
        {
            following.Stop();
            return reads.StopAsync();
        });
        await bulk.DisposeAsync();
        strand.Dispose();
    }
}
