using System.Text;
using ChronoLog.Core.Agents;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;
using ChronoLog.Tests.Unit.Playback;
using ChronoLog.Tests.Unit.Rings;
using ChronoLog.Transport.Rings;
using ChronoLog.Transport.Rpc;
using ChronoLog.Transport.Timing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>
/// A Keeper whose rings are real and whose work the test does: <see cref="Drain"/> takes events out of the rings, as
/// a Keeper does into its journal, and <see cref="Sync"/> says that they are on the device.
/// </summary>
internal sealed class PlayedKeeper : IAgent, IAsyncDisposable
{
    private readonly StrandThread strand;
    private readonly SharedRingHost rings;
    private readonly Lock gate = new();
    private readonly List<SharedRing> open = [];
    private readonly List<(ulong StoryId, TestEvent Event)> taken = [];
    private readonly List<AgentRunner> runners = [];
    private readonly string directory = Directory.CreateTempSubdirectory("chronolog-client-").FullName;
    private readonly string host;

    /// <param name="name">As the Visor knows it.</param>
    /// <param name="host">The node it claims to run on; null = this one.</param>
    public PlayedKeeper(string name = "keeper-0", string? host = null)
    {
        Name = name;
        this.host = host ?? HostIdentity.Current;
        strand = new StrandThread(new Strand(name));
        rings = new SharedRingHost(new SharedRingOptions { Directory = directory });
        Recording = NewServer();
        Recording.Handle(Methods.OpenRing, (request, _) => ValueTask.FromResult(OpenRing(request)));
        Recording.Handle(Methods.CloseRing, (_, _) => ValueTask.FromResult(new Empty()));
        Recording.Handle(Methods.ArchiveStory, (_, _) => ValueTask.FromResult(
            new ArchiveStoryReply { Epoch = 1, Through = 1, Archived = HasArchived, Waiting = "the test" }));
        Recording.Start();
        Admin = NewServer();
        Admin.Handle(Methods.StartStoryRecording, (_, _) => ValueTask.FromResult(new Empty()));
        Admin.Handle(Methods.StopStoryRecording, (_, _) => ValueTask.FromResult(new Empty()));
        Admin.Handle(Methods.DestroyStoryData, (_, _) => ValueTask.FromResult(new Empty()));
        Admin.Start();
    }

    public string Name { get; }

    /// <summary>What it says when it is asked whether a story is archived.</summary>
    public bool HasArchived { get; set; }

    /// <summary>A client that asks again gets the ring that it has, as with a real Keeper; else always a new one.</summary>
    public bool GivesTheSameRing { get; set; }

    public HookedServer Recording { get; }

    public HookedServer Admin { get; }

    public ProcessIdentity Identity => new()
    {
        Role = Role.Keeper,
        Name = Name,
        Host = host,
        Epoch = 1,
        ServiceEndpoint = Recording.Endpoint,
        AdminEndpoint = Admin.Endpoint,
    };

    /// <summary>Takes what is in the rings now.</summary>
    /// <returns>How many events that were.</returns>
    public int Drain()
    {
        lock (gate)
        {
            int before = taken.Count;
            foreach (SharedRing ring in open)
            {
                taken.AddRange(RingFixture.Drain(ring).Select(each => (each.StoryId, new TestEvent(
                    each.Tick, ring.ClientId, each.Index, Encoding.UTF8.GetString(each.Record)))));
            }

            return taken.Count - before;
        }
    }

    /// <summary>What was drained so far is on the device.</summary>
    public void Sync()
    {
        lock (gate)
        {
            open.ForEach(ring => ring.PublishDurable(ring.Consumed));
        }
    }

    int IAgent.DoWork()
    {
        int drained = Drain();
        Sync();
        return drained;
    }

    /// <summary>From now on the Keeper drains and syncs by itself.</summary>
    public void Work() => runners.Add(new AgentRunner(
        this, () => TimeSpan.FromMilliseconds(1), exception => TestContext.Error.WriteLine(exception)));

    /// <summary>It does nothing any more, and gives no sign of life; its endpoints still answer.</summary>
    public void Rest()
    {
        runners.ForEach(runner => runner.Dispose());
        runners.Clear();
    }

    /// <summary>Rings that clients have opened here.</summary>
    public int Rings
    {
        get
        {
            lock (gate)
            {
                return open.Count;
            }
        }
    }

    /// <summary>Closes its rings to their clients, as at an orderly end.</summary>
    public void CloseRings()
    {
        lock (gate)
        {
            open.ForEach(ring => ring.CloseToProducers());
        }
    }

    /// <summary>The events of a story that were drained, in the order of their identity.</summary>
    public List<TestEvent> EventsOf(ulong storyId)
    {
        lock (gate)
        {
            return
            [
                .. taken.Where(each => each.StoryId == storyId)
                    .Select(each => each.Event)
                    .OrderBy(each => each.Sequence),
            ];
        }
    }

    public List<string> RecordsOf(ulong storyId) => [.. EventsOf(storyId).Select(each => each.Record)];

    public async ValueTask DisposeAsync()
    {
        runners.ForEach(runner => runner.Dispose());
        await Recording.DisposeAsync();
        await Admin.DisposeAsync();
        strand.Dispose();
        rings.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private HookedServer NewServer() =>
        new(new ZmqRpcServer("tcp://127.0.0.1:0", strand.Strand, NullLogger.Instance));

    private OpenRingReply OpenRing(OpenRingRequest request)
    {
        lock (gate)
        {
            if (GivesTheSameRing && open.Find(ring => ring.ClientId == request.ClientId) is { } known)
            {
                return new OpenRingReply
                {
                    RingId = known.RingId, Path = known.Path, CapacityBytes = (ulong)known.CapacityBytes,
                };
            }

            long capacity = request.CapacityBytes == 0 ? RingLayout.CapacityMin : (long)request.CapacityBytes;
            SharedRing ring = rings.Create(request.ClientId, (ulong)open.Count + 1, producerPid: 0, capacity);
            open.Add(ring);
            return new OpenRingReply { RingId = ring.RingId, Path = ring.Path, CapacityBytes = (ulong)capacity };
        }
    }
}
