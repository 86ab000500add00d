using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Visor.Clock;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Visor;

/// <summary>
/// The ChronoVisor: client portal, metadata directory, process registry, group assignment, and the base clock's answer
/// service. A single-threaded state machine: everything runs on the strand that both servers were made with.
/// </summary>
public sealed class VisorRole
{
    private readonly VisorOptions options;
    private readonly IRpcServer portal;
    private readonly IRpcServer registryServer;
    private readonly IVisorClock clock;
    private readonly ITimers timers;
    private readonly ILogger logger;
    private readonly ChronicleDirectory directory;
    private readonly ProcessRegistry registry;
    private readonly ClientRegistry clients;
    private readonly RecordingNotifier notifier;
    private readonly StoryDestroyer destroyer;
    private readonly StoryCoordinator stories;
    private readonly KeepAliveDesk keepAlive;
    private readonly ClockDesk clockDesk;
    private readonly StatusReporter status;
    private readonly long start;
    private bool isSwept;

    /// <param name="options">Periods and limits.</param>
    /// <param name="self">How the Visor appears in its own status.</param>
    /// <param name="portal">Serves clients.</param>
    /// <param name="registryServer">Serves recording processes.</param>
    /// <param name="connector">Reaches the administration port of every process.</param>
    /// <param name="store">The metadata; stays the caller's.</param>
    /// <param name="clock">The base clock.</param>
    /// <param name="timers">Local time.</param>
    /// <param name="randomBelow">A uniformly random number in [0, n).</param>
    /// <param name="logger">Structured log.</param>
    public VisorRole(
        VisorOptions options,
        ProcessIdentity self,
        IRpcServer portal,
        IRpcServer registryServer,
        IRpcConnector connector,
        IMetadataStore store,
        IVisorClock clock,
        ITimers timers,
        Func<int, int> randomBelow,
        ILogger logger)
    {
        this.options = options;
        this.portal = portal;
        this.registryServer = registryServer;
        this.clock = clock;
        this.timers = timers;
        this.logger = logger;
        directory = new ChronicleDirectory(store, options);
        var roster = new GroupRoster(store);
        registry = new ProcessRegistry(store, roster, clock, timers, options, logger);
        clients = new ClientRegistry(store, clock, timers, options);
        notifier = new RecordingNotifier(connector, options, logger);
        destroyer = new StoryDestroyer(directory, registry, roster, clients, notifier, logger);
        stories = new StoryCoordinator(directory, registry, clients, notifier, destroyer, clock, randomBelow, options);
        status = new StatusReporter(self, directory, registry, roster, clients, timers);
        keepAlive = new KeepAliveDesk(clients, registry, options);
        clockDesk = new ClockDesk(clock, timers);
        start = timers.MonotonicNanoseconds;
    }

    /// <summary>Registers every handler and opens both ports.</summary>
    public void Start()
    {
        ServeClients();
        ServeChronicles();
        ServeStories();
        ServeProcesses();
        portal.Start();
        registryServer.Start();
    }

    /// <summary>Watches heartbeats and leases, and goes on destroying, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        // Beside the watching, for these wait for processes that do not answer.
        Task destroying = RepeatAsync(() => destroyer.RepeatAsync(cancellation), cancellation);
        Task releasing = RepeatAsync(ReleaseAsync, cancellation);
        TimeSpan period = options.HeartbeatPeriod / 2;
        try
        {
            while (true)
            {
                await timers.Delay(period, cancellation);
                clockDesk.Share(clients.Count + registry.Processes.Count());
                foreach (RegisteredProcess dead in registry.DetectFailures())
                {
                    await notifier.ForgetAsync(dead.Identity);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        finally
        {
            await notifier.CloseAsync(); // ends the calls that the destroyer may wait for
            await destroying;
            await releasing;
        }
    }

    private async ValueTask ReleaseAsync()
    {
        List<Task> releases = [];
        foreach (ConnectedClient client in clients.Expired())
        {
            logger.LogWarning(
                "client {Id} ({Program}, pid {Pid}) was silent for {Seconds} s: its stories are released",
                client.ClientId, client.Request.Program, client.Request.Pid, options.ClientLease.TotalSeconds);
            releases.Add(stories.ForgetAsync(client).AsTask());
        }

        foreach (Task release in releases)
        {
            await release;
        }

        // Once in the Visor's life, when the processes have said what they record.
        if (!isSwept && clients.Awaited.Count == 0
            && timers.MonotonicNanoseconds - start > (long)options.DeadAfter.TotalNanoseconds)
        {
            isSwept = true;
            await stories.StopUnheldAsync();
        }
    }

    private async Task RepeatAsync(Func<ValueTask> duty, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await timers.Delay(options.HeartbeatPeriod, cancellation);
                await GuardAsync(duty);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    private async ValueTask GuardAsync(Func<ValueTask> duty)
    {
        try
        {
            await duty();
        }
        catch (ChronoLogException exception)
        {
            logger.LogError("a periodic duty failed and is tried again: {Reason}", exception.Message);
        }
    }

    private void ServeClients()
    {
        portal.Handle(Methods.Connect, (request, _) => ValueTask.FromResult(Connect(request)));
        portal.Handle(Methods.Disconnect, async (request, _) =>
        {
            ConnectedClient client = clients.Hear(request.ClientId);
            await stories.ForgetAsync(client);
            return new Empty();
        });
        portal.Handle(Methods.KeepAlive, (request, _) => ValueTask.FromResult(keepAlive.Answer(request)));
        clockDesk.Serve(portal, Methods.Clock);
        portal.Handle(Methods.Status, (_, _) => ValueTask.FromResult(status.Report()));
        portal.Handle(Methods.LoseKeeper, (request, _) => ValueTask.FromResult(StatusReporter.Describe(
            registry.Lose(request.Name, request.HasGroup ? request.Group : null))));
    }

    private void ServeChronicles()
    {
        portal.Handle(Methods.CreateChronicle, (request, _) => ValueTask.FromResult(new ChronicleReply
        {
            Chronicle = Describe(directory.Create(request.Chronicle, request.Attributes, clock.Now)),
        }));
        portal.Handle(Methods.DestroyChronicle, (request, _) => destroyer.DestroyChronicleAsync(request));
        portal.Handle(Methods.ShowChronicle, (request, _) => ValueTask.FromResult(new ChronicleReply
        {
            Chronicle = Describe(directory.Get(request.Chronicle)),
        }));
        portal.Handle(Methods.GetAttribute, (request, _) => ValueTask.FromResult(new ChronicleReply
        {
            Value = directory.Get(request.Chronicle).Attributes.TryGetValue(request.Key, out string? value)
                ? value
                : throw new ChronoLogException(
                    Status.NotExist, $"chronicle '{request.Chronicle}' has no attribute '{request.Key}'"),
        }));
        portal.Handle(Methods.EditAttribute, async (request, _) =>
        {
            directory.SetAttribute(request.Chronicle, request.Key, request.Value);
            await stories.AttributesChangedAsync(request.Chronicle);
            return new Empty();
        });
        portal.Handle(Methods.ListChronicles, (_, _) => ValueTask.FromResult(Names(directory.ChronicleNames)));
        portal.Handle(Methods.ListStories, (request, _) => ValueTask.FromResult(
            Names(directory.StoriesOf(request.Chronicle).Select(story => story.Story))));
    }

    private void ServeStories()
    {
        portal.Handle(Methods.AcquireStory, (request, _) => stories.AcquireAsync(request));
        portal.Handle(Methods.ReleaseStory, (request, _) => stories.ReleaseAsync(request));
        portal.Handle(Methods.DestroyStory, (request, _) => destroyer.DestroyStoryAsync(request));
        portal.Handle(Methods.RouteReplay, (request, _) => ValueTask.FromResult(stories.Route(request)));
    }

    private void ServeProcesses()
    {
        registryServer.Handle(Methods.Register, async (request, _) =>
        {
            RegisteredProcess process = registry.Register(request.Identity);
            await notifier.ForgetAsync(process.Identity);
            var reply = new RegisterReply
            {
                ProcessId = process.Identity.ProcessId,
                Group = registry.Group(process.Identity.Group),
                HeartbeatMilliseconds = (uint)options.HeartbeatPeriod.TotalMilliseconds,
            };
            reply.Stories.AddRange(stories.HeldIn(process.Identity.Group));
            return reply;
        });
        registryServer.Handle(Methods.Heartbeat, (request, _) => ValueTask.FromResult(Hear(request)));
        registryServer.Handle(Methods.Unregister, (request, _) =>
        {
            registry.Unregister(request);
            return ValueTask.FromResult(new Empty());
        });
        clockDesk.Serve(registryServer, Methods.RegistryClock);
    }

    private ConnectReply Connect(ConnectRequest request)
    {
        if (request.ClientProtocolVersion != Methods.ProtocolVersion)
        {
            throw new ChronoLogException(
                Status.ProtocolVersionMismatch,
                $"the client speaks version {request.ClientProtocolVersion}, this visor {Methods.ProtocolVersion}");
        }

        ConnectedClient client = clients.Connect(request);
        return new ConnectReply
        {
            ClientId = client.ClientId,
            LeaseMilliseconds = (ulong)options.ClientLease.TotalMilliseconds,
            Session = client.Session,
            KeepAliveMilliseconds = (uint)keepAlive.Period.TotalMilliseconds,
        };
    }

    private HeartbeatReply Hear(HeartbeatRequest heartbeat)
    {
        HeartbeatReply reply = registry.Hear(heartbeat);
        if (!reply.RegisterAgain)
        {
            stories.Name(heartbeat.UnnamedStories, registry.Find(heartbeat.ProcessId)!, reply);
            stories.Confirm(heartbeat.UnconfirmedStories, reply);
        }

        return reply;
    }

    private static Chronicle Describe(ChronicleRecord record)
    {
        var chronicle = new Chronicle { Name = record.Name, Created = record.Created };
        foreach ((string key, string value) in record.Attributes)
        {
            chronicle.Attributes[key] = value;
        }

        return chronicle;
    }

    private static NameListReply Names(IEnumerable<string> names)
    {
        var reply = new NameListReply();
        reply.Names.AddRange(names);
        return reply;
    }
}
