using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Player.Planning;

/// <summary>
/// One channel per endpoint of a Keeper or Grapher, kept open: replays under way use them, and a restarted process
/// comes back at its endpoint. Endpoints come from the Visor's views; those of other groups by way of a client.
/// </summary>
internal sealed class TierChannels(IRpcConnector connector) : IAsyncDisposable
{
    // More than a deployment has processes: what a client invents ends here.
    private const int ChannelsMax = 16384;

    private readonly Dictionary<string, IRpcChannel> channels = [];

    public IRpcChannel Get(string endpoint)
    {
        if (!channels.TryGetValue(endpoint, out IRpcChannel? channel))
        {
            if (channels.Count >= ChannelsMax)
            {
                throw new ChronoLogException(
                    Status.LimitExceeded, $"the limit of {ChannelsMax} channels is reached; restart this Player");
            }

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
