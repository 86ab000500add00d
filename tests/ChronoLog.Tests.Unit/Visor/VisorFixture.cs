using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using ChronoLog.Visor;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.Tests.Unit.Visor;

/// <summary>A Visor on virtual time, with members of recording groups that only note what they are told.</summary>
internal sealed class VisorFixture
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly Strand strand;
    private readonly Strand members;
    private readonly Strand caller;
    private readonly InMemoryRpc rpc;
    private CancellationTokenSource stop = new();
    private readonly IRpcChannel portal;
    private readonly IRpcChannel registry;
    private InMemoryRpcServer? portalServer;
    private InMemoryRpcServer? registryServer;

    public VisorFixture(VisorOptions? options = null)
    {
        Options = options ?? new VisorOptions { NotifyDeadline = TimeSpan.FromSeconds(1) };
        Pump = new StrandPump(Timers);
        rpc = new InMemoryRpc(Timers);
        strand = Pump.Add("visor");
        members = Pump.Add("members");
        caller = Pump.Add("caller");
        Clock = new FakeClock(Timers, 1_000_000_000);
        Start();
        portal = rpc.Open("tcp://visor:5555");
        registry = rpc.Open("tcp://visor:8888");
    }

    public VisorOptions Options { get; }

    public ManualTimers Timers { get; } = new();

    public StrandPump Pump { get; }

    public FakeClock Clock { get; }

    public MemoryMetadataStore Store { get; } = new();

    /// <summary>What members were told, in order: "keeper-0 start S".</summary>
    public List<string> Told { get; } = [];

    /// <summary>Members that do not answer.</summary>
    public HashSet<string> Deaf { get; } = [];

    /// <summary>Ends the Visor and starts another one on the same metadata.</summary>
    public void Restart()
    {
        stop.Cancel();
        Pump.Settle();
        Pump.Run(strand, () => portalServer!.DisposeAsync());
        Pump.Run(strand, () => registryServer!.DisposeAsync());
        Pump.Advance(TimeSpan.FromMilliseconds(1)); // ticks tell one life from the other
        Start();
    }

    public ulong Connect() =>
        Call(Methods.Connect, new ConnectRequest { ClientProtocolVersion = 1, Host = "h" }).ClientId;

    /// <param name="role">Keeper, Grapher or Player.</param>
    /// <param name="name">Also its address, unless <paramref name="at"/> is given.</param>
    /// <param name="group">Its recording group.</param>
    /// <param name="epoch">Of the process.</param>
    /// <param name="at">Name of the address.</param>
    /// <param name="processId">Of an earlier registration.</param>
    public RegisterReply Join(
        Role role, string name, uint group = 0, ulong epoch = 1, string? at = null, ulong processId = 0)
    {
        string admin = $"tcp://{at ?? name}:1";
        InMemoryRpcServer server = rpc.NewServer(members, admin);
        server.Handle(Methods.StartStoryRecording, (request, _) => Note(name, $"start {request.Story.Story}"));
        server.Handle(Methods.StopStoryRecording, (request, _) => Note(name, "stop"));
        server.Handle(Methods.DestroyStoryData, (request, _) => Note(name, $"destroy {request.Story.Story}"));
        server.Start();
        return CallRegistry(Methods.Register, new RegisterRequest
        {
            Identity = new ProcessIdentity
            {
                Role = role, Name = name, Group = group, Host = "h", Epoch = epoch, ProcessId = processId,
                ServiceEndpoint = $"tcp://{at ?? name}:0", AdminEndpoint = admin,
            },
        });
    }

    public TReply Call<TRequest, TReply>(RpcMethod<TRequest, TReply> method, TRequest request)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> => Pump.Run(caller, () => portal.CallAsync(method, request, Deadline));

    public TReply CallRegistry<TRequest, TReply>(RpcMethod<TRequest, TReply> method, TRequest request)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> => Pump.Run(caller, () => registry.CallAsync(method, request, Deadline));

    public HeartbeatReply Beat(RegisterReply process, ulong epoch = 1) => CallRegistry(
        Methods.Heartbeat, new HeartbeatRequest { ProcessId = process.ProcessId, Epoch = epoch });

    /// <summary>Lets time pass in which the processes send their heartbeats.</summary>
    public void Live(TimeSpan time, params RegisterReply[] processes)
    {
        long end = Timers.MonotonicNanoseconds + (long)time.TotalNanoseconds;
        while (Timers.MonotonicNanoseconds < end)
        {
            Pump.Advance(Options.HeartbeatPeriod);
            foreach (RegisterReply process in processes)
            {
                Beat(process);
            }
        }
    }

    /// <summary>What the Visor holds of every process: "keeper-0 alive".</summary>
    public IEnumerable<string> States() => Call(Methods.Status, new Empty()).Processes
        .Where(process => process.Identity.Role != Role.Visor)
        .Select(process => $"{process.Identity.Name} {process.State}");

    public Status Refusal(Action call) => Failure(call).Status;

    public ChronoLogException Failure(Action call) =>
        NUnit.Framework.Assert.Throws<ChronoLogException>(() => call())!;

    private async ValueTask<Empty> Note(string name, string what)
    {
        if (Deaf.Contains(name))
        {
            await new TaskCompletionSource().Task;
        }

        Told.Add($"{name} {what}");
        return new Empty();
    }

    private void Start()
    {
        stop = new CancellationTokenSource();
        portalServer = rpc.NewServer(strand, "tcp://visor:5555");
        registryServer = rpc.NewServer(strand, "tcp://visor:8888");
        var visor = new VisorRole(
            Options,
            new ProcessIdentity { Role = Role.Visor, Name = "visor" },
            portalServer,
            registryServer,
            rpc,
            Store,
            Clock,
            Timers,
            bound => 0,
            NullLogger.Instance);
        Pump.Run(strand, () =>
        {
            visor.Start();
            return default;
        });
        _ = strand.InvokeAsync(() => new ValueTask(visor.RunAsync(stop.Token)));
        Pump.Settle();
    }
}
