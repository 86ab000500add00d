using System.Globalization;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Transport.Rings;
using ChronoLog.Transport.Rpc;
using ChronoLog.Transport.Timing;
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
    private readonly ZmqRpcConnector connector;
    private readonly ILogger logger;
    private readonly IRpcChannel portal;
    private readonly SharedClock clock = new();
    private readonly CancellationTokenSource closing = new();
    private readonly SemaphoreSlim stateLock = new(1, 1);
    private readonly SemaphoreSlim leaseLock = new(1, 1);
    private readonly Dictionary<(string Chronicle, string Story), StoryHandle> held = [];
    private readonly Lazy<PlaybackContext> playback;
    private Task background = Task.CompletedTask;
    private RingSet rings = null!;
    private ClockSynchronizer? synchronizer;
    private int disposed;

    private ChronoClient(ClientOptions options, ZmqRpcConnector connector, ILogger logger)
    {
        this.logger = logger;
        this.options = options;
        this.connector = connector;
        portal = connector.Open(options.Endpoint);
        playback = new Lazy<PlaybackContext>(() => new PlaybackContext(connector));
    }

    /// <summary>Issued by the Visor, never reused.</summary>
    public ulong ClientId { get; private set; }

    /// <summary>The base clock as this process knows it.</summary>
    public IBaseClock Clock => clock;

    /// <summary>The tick of the newest event of this client (0: none), and how many it has recorded (modulo 2^32).</summary>
    internal (ulong Tick, uint Events) LastRecorded => rings.Session.Last;

    /// <summary>Connects to the Visor and synchronises the clock.</summary>
    /// <exception cref="ChronoLogException">NoConnection, TimedOut, ProtocolVersionMismatch.</exception>
    public static async Task<ChronoClient> ConnectAsync(
        ClientOptions options, ILogger? logger = null, CancellationToken cancellation = default)
    {
        logger ??= NullLogger.Instance;
        var connector = new ZmqRpcConnector(logger);
        ChronoClient? client = null;
        try
        {
            client = new ChronoClient(options, connector, logger);
            await client.ConnectAsync(cancellation).ConfigureAwait(false);
            return client;
        }
        catch
        {
            await (client?.DisposeAsync() ?? connector.DisposeAsync()).ConfigureAwait(false);
            throw;
        }
    }

    public async Task CreateChronicleAsync(
        string name, IReadOnlyDictionary<string, string>? attributes = null, CancellationToken cancellation = default)
    {
        ChronicleRequest request = ForChronicle(name);
        foreach ((string key, string value) in attributes ?? new Dictionary<string, string>())
        {
            request.Attributes[key] = value;
        }

        await CallAsync(Methods.CreateChronicle, request, cancellation).ConfigureAwait(false);
    }

    /// <exception cref="ChronoLogException">Acquired: a story of it is held by somebody.</exception>
    public Task DestroyChronicleAsync(string name, CancellationToken cancellation = default) =>
        CallAsync(Methods.DestroyChronicle, ForChronicle(name), cancellation);

    public async Task<IReadOnlyList<string>> ShowChroniclesAsync(CancellationToken cancellation = default) =>
        (await CallAsync(Methods.ListChronicles, ForChronicle(""), cancellation).ConfigureAwait(false)).Names;

    public async Task<IReadOnlyList<string>> ShowStoriesAsync(string chronicle, CancellationToken cancellation = default) =>
        (await CallAsync(Methods.ListStories, ForChronicle(chronicle), cancellation).ConfigureAwait(false)).Names;

    public async Task<Chronicle> ShowChronicleAsync(string name, CancellationToken cancellation = default) =>
        (await CallAsync(Methods.ShowChronicle, ForChronicle(name), cancellation).ConfigureAwait(false)).Chronicle;

    public async Task<string> GetChronicleAttributeAsync(string name, string key, CancellationToken cancellation = default)
    {
        ChronicleRequest request = ForChronicle(name);
        request.Key = key;
        return (await CallAsync(Methods.GetAttribute, request, cancellation).ConfigureAwait(false)).Value;
    }

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
        await stateLock.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (held.Count > 0)
            {
                throw new ChronoLogException(
                    Status.Acquired,
                    string.Create(CultureInfo.InvariantCulture, $"{held.Count} stories are still held; release them first"));
            }

            await LeaveAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            stateLock.Release();
        }

        await DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Ends everything at once. Stories still held are given back; what was recorded stays recorded.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        await closing.CancelAsync().ConfigureAwait(false);
        await background.ConfigureAwait(false);
        if (playback.IsValueCreated)
        {
            await playback.Value.DisposeAsync().ConfigureAwait(false);
        }

        if (rings is not null)
        {
            await rings.DisposeAsync().ConfigureAwait(false);
        }

        if (ClientId != 0)
        {
            await TryLeaveAsync().ConfigureAwait(false);
        }

        await portal.DisposeAsync().ConfigureAwait(false);
        await connector.DisposeAsync().ConfigureAwait(false);
        clock.Dispose();
        closing.Dispose();
    }

    private async Task ConnectAsync(CancellationToken cancellation)
    {
        var request = new ConnectRequest
        {
            ClientProtocolVersion = Methods.ProtocolVersion,
            Host = HostIdentity.Current,
            Pid = (uint)Environment.ProcessId,
            Program = options.Program,
        };
        foreach ((string key, string value) in options.Attributes)
        {
            request.Environment[key] = value;
        }

        TakeLease(await CallAsync(Methods.Connect, request, cancellation).ConfigureAwait(false));
        synchronizer = new ClockSynchronizer(portal, Methods.Clock, clock);
        await synchronizer.SynchronizeAsync(cancellation).ConfigureAwait(false);
        rings = new RingSet(ClientId, clock, connector, portal, options, logger);
        GroupChanged += rings.Observe;
        background = Task.WhenAll(
            KeepAliveAsync(),
            synchronizer.RunAsync(RealTimers.Instance, ClockPeriod, closing.Token));
    }

    private ChronicleRequest ForChronicle(string name) => new() { ClientId = ClientId, Chronicle = name };

    private StoryRequest ForStory(string chronicle, string story) =>
        new() { ClientId = ClientId, Chronicle = chronicle, Story = story };

    private async Task<TReply> CallAsync<TRequest, TReply>(
        RpcMethod<TRequest, TReply> method, TRequest request, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> =>
        await portal.CallAsync(method, request, options.CallDeadline, cancellation).ConfigureAwait(false);
}
