using ChronoLog.Core.Ports;

namespace ChronoLog.Grapher.Notices;

/// <summary>Open channels by endpoint. Endpoints come from announcements, so their number is bounded.</summary>
internal sealed class PeerChannels(IRpcConnector connector) : IAsyncDisposable
{
    /// <summary>A group has tens of Keepers; restarted ones may have new ports.</summary>
    private const int ChannelsMax = 256;

    private readonly Dictionary<string, IRpcChannel> channels = [];
    private readonly Queue<string> order = new();

    public async ValueTask<IRpcChannel> OpenAsync(string endpoint)
    {
        if (channels.TryGetValue(endpoint, out IRpcChannel? channel))
        {
            return channel;
        }

        channel = channels[endpoint] = connector.Open(endpoint);
        order.Enqueue(endpoint);
        if (channels.Count > ChannelsMax && channels.Remove(order.Dequeue(), out IRpcChannel? oldest))
        {
            await oldest.DisposeAsync();
        }

        return channel;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IRpcChannel channel in channels.Values)
        {
            await channel.DisposeAsync();
        }

        channels.Clear();
    }
}
