using System.Net;
using System.Net.Sockets;
using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Bulk;

namespace ChronoLog.Client;

/// <summary>
/// What reading needs and recording does not: a strand on which cursors live, and the data plane, opened with the provider
/// of the Player it first reads from.
/// </summary>
internal sealed class PlaybackContext : IAsyncDisposable
{
    private readonly StrandThread thread = new(new Strand("chronolog playback"));
    private readonly Dictionary<string, FabricBulkEndpoint> endpoints = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IRpcChannel> channels = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource ending = new();
    private readonly IRpcConnector connector;

    public PlaybackContext(IRpcConnector connector) => this.connector = connector;

    public Strand Strand => thread.Strand;

    /// <summary>True once nothing runs on the strand any more: what is left to close went with it.</summary>
    public bool IsDisposed => ending.IsCancellationRequested;

    /// <summary>Runs a function on the strand.</summary>
    /// <exception cref="ChronoLogException"><see cref="Status.NoConnection"/>: the client was disposed.</exception>
    public async Task<T> RunAsync<T>(Func<ValueTask<T>> function)
    {
        try
        {
            return await Strand.InvokeAsync(function).WaitAsync(ending.Token).ConfigureAwait(false);
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
            channels.Add(player.ServiceEndpoint, channel = connector.Open(player.ServiceEndpoint));
        }

        return channel;
    }

    /// <summary>On the strand.</summary>
    public IBulkEndpoint BulkFor(ProcessIdentity player)
    {
        string provider = player.FabricProvider.Length > 0 ? player.FabricProvider : "auto";
        if (!endpoints.TryGetValue(provider, out FabricBulkEndpoint? endpoint))
        {
            endpoint = FabricBulkEndpoint.Open(new FabricOptions(provider, SourceAddressTowards(player.ServiceEndpoint)));
            endpoints.Add(provider, endpoint);
        }

        return endpoint;
    }

    public async ValueTask DisposeAsync()
    {
        // Nothing that is posted from here on runs; whoever waits for it is told.
        await ending.CancelAsync().ConfigureAwait(false);
        foreach (IRpcChannel channel in channels.Values)
        {
            await channel.DisposeAsync().ConfigureAwait(false);
        }

        foreach (FabricBulkEndpoint endpoint in endpoints.Values)
        {
            await endpoint.DisposeAsync().ConfigureAwait(false);
        }

        thread.Dispose();
    }

    // The local address from which the peer is reached. Connecting a datagram socket sends nothing: it asks the routes.
    private static string SourceAddressTowards(string endpoint)
    {
        var uri = new Uri(endpoint);
        using var socket = new Socket(AddressFamilyOf(uri.Host), SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(uri.Host.Trim('[', ']'), uri.Port);
        return ((IPEndPoint)socket.LocalEndPoint!).Address.ToString();
    }

    private static AddressFamily AddressFamilyOf(string host) =>
        IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) ? address.AddressFamily : AddressFamily.InterNetwork;
}
