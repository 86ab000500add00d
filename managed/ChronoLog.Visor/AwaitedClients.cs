using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Visor;

/// <summary>
/// Clients of the Visor's earlier life that may hold stories: each is awaited until it has acquired again what it
/// holds, or its lease has passed.
/// </summary>
internal sealed class AwaitedClients
{
    private const int NamesMax = 5; // a message is no list of a thousand ranks

    private readonly IMetadataStore store;
    private readonly ITimers timers;
    private readonly long lease;
    private readonly Dictionary<ulong, (ConnectRequest Description, long Until)> clients;

    // Heard once, and not settled yet: its time counts from then on.
    private readonly HashSet<ulong> heard = [];

    public AwaitedClients(IMetadataStore store, ITimers timers, TimeSpan lease)
    {
        (this.store, this.timers, this.lease) = (store, timers, (long)lease.TotalNanoseconds);
        long until = timers.MonotonicNanoseconds + this.lease;
        clients = store.LoadClients().ToDictionary(
            client => client.ClientId, client => (client.Description, until));
    }

    public int Count => clients.Count;

    /// <summary>What the client said of itself once; null for one that is not awaited.</summary>
    public ConnectRequest? Find(ulong clientId) =>
        clients.TryGetValue(clientId, out (ConnectRequest Description, long) client) ? client.Description : null;

    public void Hear(ulong clientId)
    {
        if (clients.TryGetValue(clientId, out (ConnectRequest Description, long Until) client) && heard.Add(clientId))
        {
            clients[clientId] = (client.Description, timers.MonotonicNanoseconds + lease);
        }
    }

    /// <summary>It has acquired again, or left.</summary>
    public void Settle(ulong clientId)
    {
        clients.Remove(clientId);
        heard.Remove(clientId);
    }

    /// <summary>Gives up those whose time is up.</summary>
    public void Expire(Func<ulong, bool> isConnected)
    {
        long now = timers.MonotonicNanoseconds;
        foreach (ulong clientId in clients.Where(each => each.Value.Until < now).Select(each => each.Key).ToList())
        {
            Settle(clientId);
            if (!isConnected(clientId))
            {
                store.DeleteClient(clientId);
            }
        }
    }

    /// <summary>Why a story may be held although nobody is known to hold it, and for how long at most.</summary>
    public string Describe()
    {
        IEnumerable<string> names = clients.Take(NamesMax).Select(each =>
            $"client {each.Key} ({each.Value.Description.Program}, pid {each.Value.Description.Pid} on "
            + $"{each.Value.Description.Host})");
        string more = clients.Count > NamesMax ? $" and {clients.Count - NamesMax} more" : "";
        double seconds = (clients.Values.Max(each => each.Until) - timers.MonotonicNanoseconds) / 1e9;
        return "the visor was restarted and does not know yet what these hold that were connected before: "
            + $"{string.Join(", ", names)}{more}; try again in {Math.Max(seconds, 0):0.0} s at the latest";
    }
}
