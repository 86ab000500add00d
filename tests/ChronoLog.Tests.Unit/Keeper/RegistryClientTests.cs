using ChronoLog.Core.Agents;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Tests.Unit.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Keeper;

internal sealed class RegistryClientTests
{
    private readonly ManualTimers timers = new();
    private StrandPump pump = null!;
    private InMemoryRpc rpc = null!;
    private Strand strand = null!;
    private Strand visorStrand = null!;
    private RegistryClient client = null!;
    private List<RegisterRequest> registrations = null!;
    private List<HeartbeatRequest> beats = null!;
    private Func<HeartbeatRequest, HeartbeatReply> answer = null!;
    private CancellationTokenSource stop = null!;
    private InMemoryRpcServer? visor;
    private ChronoLogException? refusal;

    [SetUp]
    public void SetUp()
    {
        pump = new StrandPump(timers);
        rpc = new InMemoryRpc(timers);
        strand = pump.Add("keeper");
        visorStrand = pump.Add("visor");
        registrations = [];
        beats = [];
        refusal = null;
        answer = _ => new HeartbeatReply();
        stop = new CancellationTokenSource();
        client = new RegistryClient(
            rpc.Open("tcp://visor:1"), new ProcessIdentity { Name = "k", Epoch = 4 }, new RegistryOptions(), timers,
            NullLogger.Instance);
    }

    [TearDown]
    public async Task TearDown()
    {
        await stop.CancelAsync();
        pump.Settle();
        stop.Dispose();
        if (visor is not null)
        {
            await visor.DisposeAsync();
        }
    }

    [Test]
    public void RegistersWhenTheVisorComesAndBeatsFromThenOn()
    {
        List<ulong> registered = [];
        client.Registered = reply =>
        {
            registered.Add(reply.ProcessId);
            return default;
        };
        client.Report = beat => beat.Statistics["x"] = 1;
        Task running = Run();
        Pass(5);
        Assert.That(client.IsRegistered, Is.False);

        StartVisor();
        Pass(5);

        Assert.That(registered, Is.EqualTo(new[] { 9UL }));
        Assert.That(client.ProcessId, Is.EqualTo(9));
        Assert.That(beats, Has.Count.GreaterThan(5));
        Assert.That(beats[0].Statistics["x"], Is.EqualTo(1));
        Assert.That(beats[0].GroupEpoch, Is.EqualTo(3));
        stop.Cancel();
        Pass(1);
        Assert.That(running.IsCompletedSuccessfully, Is.True);
    }

    [Test]
    public void AVisorThatForgotTheProcessGetsItAgainWithItsId()
    {
        StartVisor();
        _ = Run();
        Pass(1);
        answer = _ => new HeartbeatReply { RegisterAgain = true };
        Pass(1);
        answer = _ => new HeartbeatReply();
        Pass(1);

        Assert.That(registrations, Has.Count.GreaterThan(1));
        Assert.That(registrations[^1].Identity.ProcessId, Is.EqualTo(9));
        Assert.That(client.IsRegistered, Is.True);
    }

    [Test]
    public void AFencedProcessRegistersAgain()
    {
        StartVisor();
        _ = Run();
        Pass(1);
        answer = _ => throw new ChronoLogException(Status.Fenced, "declared dead");
        Pass(1);
        Assert.That(registrations, Has.Count.GreaterThan(1));
    }

    [Test]
    public void ANewProcessAsksForAPlaceAsLongAsTheOtherMayJustHaveDied()
    {
        refusal = new ChronoLogException(Status.Fenced, "'k' lives at a");
        List<string> displaced = [];
        client.Displaced = exception => displaced.Add(exception.Message);
        StartVisor();
        _ = Run();
        Pass(5);
        Assert.That(displaced, Is.Empty);
        refusal = null;
        Pass(2);
        Assert.That((client.IsRegistered, displaced.Count), Is.EqualTo((true, 0)), "the other was silent in the end");
    }

    [TestCase(false)]
    [TestCase(true)]
    public void WhoHasNoPlaceIsToldOnceAndAsksNoMore(bool wasMember)
    {
        List<string> displaced = [];
        client.Displaced = exception => displaced.Add(exception.Message);
        StartVisor();
        if (!wasMember)
        {
            refusal = new ChronoLogException(Status.Fenced, "'k' lives at a");
        }

        Task running = Run();
        Pass(1);
        refusal = new ChronoLogException(Status.Fenced, "'k' lives at a");
        answer = _ => new HeartbeatReply { RegisterAgain = true, Fenced = true };
        Pass(wasMember ? 1 : 7);
        Assert.That(displaced, Is.EqualTo(["'k' lives at a"]));
        Assert.That(client.IsRegistered, Is.False);
        int asked = registrations.Count;
        Pass(20);
        Assert.That(registrations, Has.Count.EqualTo(asked));
        stop.Cancel();
        Pass(1);
        Assert.That(running.IsCompletedSuccessfully, Is.True);
    }

    [Test]
    public void ASilentVisorIsNotTakenForOneThatForgot()
    {
        StartVisor();
        _ = Run();
        Pass(1);
        visor!.DisposeAsync().AsTask().Wait();
        Pass(20);
        Assert.That(client.IsRegistered, Is.True);
        Assert.That(registrations, Has.Count.EqualTo(1));

        StartVisor();
        int before = beats.Count;
        Pass(5);
        Assert.That(beats, Has.Count.GreaterThan(before));
    }

    [Test]
    public void OnlyNewerViewsReplaceTheOneHeld()
    {
        StartVisor();
        List<ulong> seen = [];
        client.GroupChanged = view => seen.Add(view.Epoch);
        _ = Run();
        Pass(1);
        client.Observe(new GroupView { Epoch = 2 });
        client.Observe(new GroupView { Epoch = 3 });
        client.Observe(new GroupView { Epoch = 5 });

        Assert.That(seen, Is.EqualTo(new[] { 3UL, 5UL }));
        Assert.That(client.Group!.Epoch, Is.EqualTo(5));
    }

    private Task Run() => strand.InvokeAsync(async () => await client.RunAsync(stop.Token));

    private void StartVisor()
    {
        visor = rpc.NewServer(visorStrand, "tcp://visor:1");
        visor.Handle(Methods.Register, (request, _) =>
        {
            registrations.Add(request);
            if (refusal is not null)
            {
                throw refusal;
            }

            return ValueTask.FromResult(new RegisterReply
            {
                ProcessId = 9, Group = new GroupView { Epoch = 3 }, HeartbeatMilliseconds = 100,
            });
        });
        visor.Handle(Methods.Heartbeat, (request, _) =>
        {
            beats.Add(request);
            return ValueTask.FromResult(answer(request));
        });
        visor.Start();
    }

    // Calls that time out pass through the thread pool in the fake network: time goes on in small steps and waits for
    // them.
    private void Pass(int seconds)
    {
        for (int i = 0; i < seconds * 100; i++)
        {
            pump.Advance(TimeSpan.FromMilliseconds(10));
            SpinWait.SpinUntil(() => strand.DoWork() == 0);
        }
    }
}
