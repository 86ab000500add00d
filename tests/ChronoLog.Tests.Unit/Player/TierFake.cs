using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using ChronoLog.Tests.Unit.Playback;

namespace ChronoLog.Tests.Unit.Player;

/// <summary>A Keeper or Grapher as the Player sees it: a read service over events that the test moves about.</summary>
public sealed class TierFake
{
    public TierFake(PlayerFixture fixture, Role role, string name)
    {
        InMemoryRpcServer admin = fixture.Rpc.NewServer(fixture.Pump.Add(name));
        Identity = new ProcessIdentity
        {
            Role = role,
            Name = name,
            AdminEndpoint = admin.Endpoint,
            ServiceEndpoint = admin.Endpoint,
            ProcessId = (ulong)name.GetHashCode(),
        };
        Bulk = fixture.Network.NewEndpoint(name);
        Reads = new ReadService(new ReadServiceOptions { Server = name }, fixture.Timers, Bulk, PlanAsync);
        Reads.Register(admin);
        admin.Start();
    }

    public ProcessIdentity Identity { get; }

    public InMemoryBulk Bulk { get; }

    public ReadService Reads { get; }

    /// <summary>What a plain read sees.</summary>
    public List<TestEvent> Events { get; } = [];

    /// <summary>A Keeper's: acknowledged by the Grapher, not archived.</summary>
    public List<TestEvent> HandedOver { get; } = [];

    public ulong Watermark { get; set; }

    /// <summary>Called after a snapshot was taken, before it is answered.</summary>
    public Action? Asked { get; set; }

    /// <summary>Every opening so far.</summary>
    public List<OpenReadRequest> Requests { get; } = [];

    /// <summary>What it says may be missing.</summary>
    public List<Gap> Gaps { get; } = [];

    private ValueTask<ReadPlan> PlanAsync(OpenReadRequest request, CancellationToken cancellation)
    {
        Requests.Add(request);
        IEnumerable<TestEvent> seen = request.IncludeHandedOver ? Events.Concat(HandedOver) : Events;
        EventRun all = TestEvent.ToRun(seen);
        EventRun? part = all.Count == 0 ? null : all.Range(request.StartTime, request.EndTime);
        var source = new RunReadSource(Identity.Name, part is null ? [] : [part]);
        var before = new PrecedingEvents();
        EventRun? earlier = all.Count == 0 ? null : all.Range(0, request.StartTime);
        before.Add(earlier is null ? [] : [earlier]);
        all.Release();
        part?.Release();
        earlier?.Release();
        Asked?.Invoke();
        return ValueTask.FromResult(new ReadPlan([source], Watermark, Gaps) { Before = before });
    }
}
