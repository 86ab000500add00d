using ChronoLog.Core.Ports;

namespace ChronoLog.Player.Planning;

/// <summary>
/// One channel per endpoint of a Keeper or Grapher, kept open: replays under way use them, and a restarted process
/// comes back at its endpoint. Endpoints come from the Visor's views only.
/// </summary>
internal sealed class TierChannels(IRpcConnector connector) : IAsyncDisposable
{
    private readonly Dictionary<string, IRpcChannel> channels = [];

    public IRpcChannel Get(string endpoint)
    {
        if (!channels.TryGetValue(endpoint, out IRpcChannel? channel))
        {
            channel = channels[endpoint] = connector.Open(endpoint);
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
