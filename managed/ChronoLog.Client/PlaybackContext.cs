using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Client;

/// <summary>
/// What reading needs and recording does not: a strand on which cursors live, and the data plane, opened with the provider
/// of the Player it first reads from.
/// </summary>
internal sealed class PlaybackContext : IAsyncDisposable
{
    private readonly IClientPorts ports;
    private readonly IDisposable thread;
    private readonly Dictionary<string, IBulkEndpoint> endpoints = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IRpcChannel> channels = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource ending = new();

    public PlaybackContext(IClientPorts ports)
    {
        this.ports = ports;
        thread = ports.Run(Strand);
    }

    public Strand Strand { get; } = new("chronolog playback");

    public ITimers Timers => ports.Timers;

    /// <inheritdoc cref="IClientPorts.StaysOnContext"/>
    public bool StaysOnContext => ports.StaysOnContext;

    /// <summary>True once nothing runs on the strand any more: what is left to close went with it.</summary>
    public bool IsDisposed => ending.IsCancellationRequested;

    /// <summary>Runs a function on the strand.</summary>
    /// <exception cref="ChronoLogException"><see cref="Status.NoConnection"/>: the client was disposed.</exception>
    public async Task<T> RunAsync<T>(Func<ValueTask<T>> function)
    {
        try
        {
            return await Strand.InvokeAsync(function, ending.Token).ConfigureAwait(ports.StaysOnContext);
        }
        catch (OperationCanceledException exception) when (ending.IsCancellationRequested)
        {
            throw new ChronoLogException(
                Status.NoConnection, "the client was disposed while a replay of it was read; connect again", exception);
        }
    }

    /// <summary>On the strand.</summary>
    public IRpcChannel ChannelTo(ProcessIdentity player)
    {
        if (!channels.TryGetValue(player.ServiceEndpoint, out IRpcChannel? channel))
        {
            channels.Add(player.ServiceEndpoint, channel = ports.Connector.Open(player.ServiceEndpoint));
        }

        return channel;
    }

    /// <summary>On the strand.</summary>
    public IBulkEndpoint BulkFor(ProcessIdentity player)
    {
        string provider = player.FabricProvider.Length > 0 ? player.FabricProvider : "auto";
        if (!endpoints.TryGetValue(provider, out IBulkEndpoint? endpoint))
        {
            endpoints.Add(provider, endpoint = ports.OpenBulk(player));
        }

        return endpoint;
    }

    public async ValueTask DisposeAsync()
    {
        // Nothing that is posted from here on runs; whoever waits for it is told.
        ChronoClient.Cancel(ending);
        foreach (IRpcChannel channel in channels.Values)
        {
            await channel.DisposeAsync().ConfigureAwait(ports.StaysOnContext);
        }

        foreach (IBulkEndpoint endpoint in endpoints.Values)
        {
            await endpoint.DisposeAsync().ConfigureAwait(ports.StaysOnContext);
        }

        thread.Dispose();
    }
}
