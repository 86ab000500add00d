using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Settings;
using ChronoLog.Interop.Posix;
using ChronoLog.Transport.Rpc;
using ChronoLog.Transport.Timing;
using Microsoft.Extensions.Logging;

namespace ChronoLog.App.Hosting;

/// <summary>What every server process is composed of: its log, its strand, its listeners, its way to others.</summary>
internal sealed class RoleContext : IAsyncDisposable
{
    private readonly ILoggerFactory logging;
    private readonly List<IAsyncDisposable> owned = [];
    private readonly List<StrandThread> threads = [];

    public RoleContext(Role role, Setting<int> port, SettingValues settings)
    {
        Settings = settings;
        string file = settings.Get(CommonSettings.LogFile);
        if (file.Length > 0)
        {
            PosixProcess.RedirectOutput(file);
        }

        Name = settings.Get(CommonSettings.Name) is { Length: > 0 } name ? name : DefaultName(role, settings.Get(port));
        logging = ProcessLogging.Create(settings.Get(CommonSettings.LogLevel), settings.Get(CommonSettings.LogFormat));
        Logger = logging.CreateLogger(Name);
        Role = role;
        Timers = new RealTimers();
        Strand = NewStrand(Name);
        Connector = new ZmqRpcConnector(Logger);
        owned.Add((ZmqRpcConnector)Connector);
    }

    public Role Role { get; }

    public string Name { get; }

    public SettingValues Settings { get; }

    public ILogger Logger { get; }

    public ITimers Timers { get; }

    /// <summary>The strand on which the role lives.</summary>
    public Strand Strand { get; }

    public IRpcConnector Connector { get; }

    /// <summary>A strand with a thread of its own.</summary>
    public Strand NewStrand(string name)
    {
        var strand = new Strand(name)
        {
            Unhandled = exception => Logger.LogError(exception, "unexpected failure on strand {Strand}", name),
        };
        threads.Add(new StrandThread(strand));
        return strand;
    }

    /// <summary>A server on the given port of the process's address. A port that is taken is an error.</summary>
    public IRpcServer Listen(Setting<int> port)
    {
        var server = new ZmqRpcServer(
            $"tcp://{Settings.Get(CommonSettings.Address)}:{Settings.Get(port)}", Strand, Logger);
        owned.Add(server);
        return server;
    }

    // A name is a member's identity in its group, and the groups reach over many nodes with the same ports.
    private static string DefaultName(Role role, int port)
    {
        string host = Environment.MachineName.Split('.')[0];
        return $"{role.ToString().ToLowerInvariant()}-{host}-{(port == 0 ? Environment.ProcessId : port)}";
    }

    public ProcessIdentity Identify(IRpcServer service, IRpcServer admin, ulong epoch) => new()
    {
        Role = Role,
        Name = Name,
        Host = HostIdentity.Current,
        Pid = (uint)Environment.ProcessId,
        ServiceEndpoint = service.Endpoint,
        AdminEndpoint = admin.Endpoint,
        Epoch = epoch,
    };

    public async ValueTask DisposeAsync()
    {
        for (int i = owned.Count - 1; i >= 0; i--)
        {
            await owned[i].DisposeAsync();
        }

        threads.ForEach(thread => thread.Dispose());
        logging.Dispose();
    }
}
