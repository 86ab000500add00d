using System.Globalization;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.Client;

/// <summary>
/// A connection to a ChronoLog deployment: creates chronicles, acquires stories for recording, replays them. Thread-safe.
/// Failures are <see cref="ChronoLogException"/>s with the status codes of the C and C++ clients.
/// </summary>
public sealed partial class ChronoClient : IAsyncDisposable
{
    private static readonly TimeSpan ClockPeriod = TimeSpan.FromSeconds(10);

    private readonly ClientOptions options;
    private readonly IClientPorts ports;
    private readonly ILogger logger;
    private readonly IRpcChannel portal;
    private readonly CancellationTokenSource closing = new();
    private readonly AsyncGate stateLock = new();
    private readonly AsyncGate leaseLock = new();
    private readonly Dictionary<(string Chronicle, string Story), StoryHandle> held = [];
    private readonly Lazy<PlaybackContext> playback;
    private Task background = Task.CompletedTask;
    private RingSet rings = null!;
    private int disposed;
    private ulong lastFollower;

    private ChronoClient(ClientOptions options, IClientPorts ports, ILogger logger)
    {
        this.logger = logger;
        this.options = options;
        this.ports = ports;
        portal = ports.Connector.Open(options.Endpoint, options.ConnectPatience);
        playback = new Lazy<PlaybackContext>(() => new PlaybackContext(ports));
    }

    /// <summary>Issued by the Visor, never reused.</summary>
    public ulong ClientId { get; private set; }

    /// <summary>The base clock as this process knows it.</summary>
    public IBaseClock Clock => ports.Clock;

    /// <summary>The tick of the newest event of this client (0: none), and how many it has recorded (modulo 2^32).</summary>
    internal (ulong Tick, uint Events) LastRecorded => rings.Session.Last;

    /// <summary>Connects to the Visor and synchronises the clock.</summary>
    /// <exception cref="ChronoLogException">
    /// NoConnection (within <see cref="ClientOptions.ConnectPatience"/> where nobody listens), TimedOut, ProtocolVersionMismatch.
    /// </exception>
    public static Task<ChronoClient> ConnectAsync(
        ClientOptions options, ILogger? logger = null, CancellationToken cancellation = default)
    {
        logger ??= NullLogger.Instance;
        return ConnectAsync(options, new NativeClientPorts(logger), logger, cancellation);
    }

    /// <summary>The same over other ports, which are the client's from here on.</summary>
    internal static async Task<ChronoClient> ConnectAsync(
        ClientOptions options, IClientPorts ports, ILogger logger, CancellationToken cancellation)
    {
        ChronoClient? client = null;
        try
        {
            client = new ChronoClient(options, ports, logger);
            await client.ConnectAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
            return client;
        }
        catch
        {
            await (client?.DisposeAsync() ?? ports.DisposeAsync()).ConfigureAwait(ports.StaysOnContext);
            throw;
        }
    }

    /// <summary>Creates a chronicle; what is not among its attributes has its default.</summary>
    /// <exception cref="ChronoLogException">ChronicleExists; InvalidArgument: a known attribute with an unknown value.</exception>
    public async Task CreateChronicleAsync(
        string name, IReadOnlyDictionary<string, string>? attributes = null, CancellationToken cancellation = default)
    {
        ChronicleRequest request = ForChronicle(name);
        foreach ((string key, string value) in attributes ?? new Dictionary<string, string>())
        {
            request.Attributes[key] = value;
        }

        await CallAsync(Methods.CreateChronicle, request, cancellation).ConfigureAwait(ports.StaysOnContext);
    }

    /// <exception cref="ChronoLogException">Acquired: a story of it is held by somebody.</exception>
    public Task DestroyChronicleAsync(string name, CancellationToken cancellation = default) =>
        CallAsync(Methods.DestroyChronicle, ForChronicle(name), cancellation);

    /// <summary>The names of all chronicles.</summary>
    public async Task<IReadOnlyList<string>> ShowChroniclesAsync(CancellationToken cancellation = default) =>
        (await CallAsync(Methods.ListChronicles, ForChronicle(""), cancellation)
            .ConfigureAwait(ports.StaysOnContext)).Names;

    /// <summary>The names of a chronicle's stories.</summary>
    /// <exception cref="ChronoLogException">NotExist.</exception>
    public async Task<IReadOnlyList<string>> ShowStoriesAsync(string chronicle, CancellationToken cancellation = default) =>
        (await CallAsync(Methods.ListStories, ForChronicle(chronicle), cancellation)
            .ConfigureAwait(ports.StaysOnContext)).Names;

    /// <summary>A chronicle with all its attributes.</summary>
    /// <exception cref="ChronoLogException">NotExist.</exception>
    public async Task<Chronicle> ShowChronicleAsync(string name, CancellationToken cancellation = default) =>
        (await CallAsync(Methods.ShowChronicle, ForChronicle(name), cancellation)
            .ConfigureAwait(ports.StaysOnContext)).Chronicle;

    /// <summary>The value of a chronicle's attribute.</summary>
    /// <exception cref="ChronoLogException">NotExist: no such chronicle, or key.</exception>
    public async Task<string> GetChronicleAttributeAsync(string name, string key, CancellationToken cancellation = default)
    {
        ChronicleRequest request = ForChronicle(name);
        request.Key = key;
        return (await CallAsync(Methods.GetAttribute, request, cancellation)
            .ConfigureAwait(ports.StaysOnContext)).Value;
    }

    /// <summary>Sets an attribute of a chronicle.</summary>
    /// <exception cref="ChronoLogException">NotExist; InvalidArgument: a known attribute with an unknown value.</exception>
    public Task EditChronicleAttributeAsync(string name, string key, string value, CancellationToken cancellation = default)
    {
        ChronicleRequest request = ForChronicle(name);
        (request.Key, request.Value) = (key, value);
        return CallAsync(Methods.EditAttribute, request, cancellation);
    }

    /// <exception cref="ChronoLogException">Acquired: somebody holds it.</exception>
    public Task DestroyStoryAsync(string chronicle, string story, CancellationToken cancellation = default) =>
        CallAsync(Methods.DestroyStory, ForStory(chronicle, story), cancellation);

    /// <summary>Every process and story of the deployment, as of the last heartbeats.</summary>
    public Task<StatusReply> StatusAsync(CancellationToken cancellation = default) =>
        CallAsync(Methods.Status, new Empty(), cancellation);

    /// <summary>Leaves the deployment.</summary>
    /// <exception cref="ChronoLogException">Acquired: stories are held; the client stays connected and usable.</exception>
    public async Task DisconnectAsync(CancellationToken cancellation = default)
    {
        await stateLock.EnterAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
        try
        {
            if (held.Count > 0)
            {
                throw new ChronoLogException(
                    Status.Acquired,
                    string.Create(CultureInfo.InvariantCulture, $"{held.Count} stories are still held; release them first"));
            }

            await LeaveAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
        }
        finally
        {
            stateLock.Leave();
        }

        await DisposeAsync().ConfigureAwait(ports.StaysOnContext);
    }

    /// <summary>Ends everything at once. Stories still held are given back; what was recorded stays recorded.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        Cancel(closing);
        await background.ConfigureAwait(ports.StaysOnContext);
        if (playback.IsValueCreated)
        {
            await playback.Value.DisposeAsync().ConfigureAwait(ports.StaysOnContext);
        }

        if (rings is not null)
        {
            await rings.DisposeAsync().ConfigureAwait(ports.StaysOnContext);
        }

        if (ClientId != 0)
        {
            await TryLeaveAsync().ConfigureAwait(ports.StaysOnContext);
        }

        await portal.DisposeAsync().ConfigureAwait(ports.StaysOnContext);
        await ports.DisposeAsync().ConfigureAwait(ports.StaysOnContext);
        closing.Dispose();
    }

    private async Task ConnectAsync(CancellationToken cancellation)
    {
        var request = new ConnectRequest
        {
            ClientProtocolVersion = Methods.ProtocolVersion,
            Host = ports.Host,
            Pid = ports.ProcessId,
            Program = options.Program,
        };
        foreach ((string key, string value) in (ports.Rank?.Attributes() ?? []).Concat(options.Attributes))
        {
            request.Environment[key] = value; // the application's word for its own rank is the last one
        }

        TakeLease(await CallAsync(Methods.Connect, request, cancellation).ConfigureAwait(ports.StaysOnContext));
        await ports.SynchronizeAsync(portal, cancellation).ConfigureAwait(ports.StaysOnContext);
        rings = new RingSet(ClientId, ports, portal, options, logger);
        GroupChanged += rings.Observe;
        background = Task.WhenAll(
            KeepAliveAsync(),
            ports.KeepSynchronizedAsync(portal, ClockPeriod, closing.Token));
    }

    /// <summary>Whoever waits is continued on its own context: CancelAsync would pass through the thread pool.</summary>
    internal static void Cancel(CancellationTokenSource source) => source.Cancel();

    private ChronicleRequest ForChronicle(string name) => new() { ClientId = ClientId, Chronicle = name };

    private StoryRequest ForStory(string chronicle, string story) =>
        new() { ClientId = ClientId, Chronicle = chronicle, Story = story };

    private async Task<TReply> CallAsync<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method, TRequest request, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> =>
        await portal.CallAsync(method, request, options.CallDeadline, cancellation)
            .ConfigureAwait(ports.StaysOnContext);
}
