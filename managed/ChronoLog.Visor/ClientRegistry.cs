using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Visor;

/// <summary>Connected clients, their leases, and who holds which story.</summary>
internal sealed class ClientRegistry(IMetadataStore store, ITimers timers, VisorOptions options)
{
    private const int TextMax = 1024;
    private const int EnvironmentMax = 64;

    private readonly Dictionary<ulong, ConnectedClient> clients = [];
    private readonly Dictionary<ulong, HashSet<ulong>> holders = [];

    public IEnumerable<ConnectedClient> Clients => clients.Values;

    public ConnectedClient Connect(ConnectRequest request)
    {
        if (clients.Count >= options.ClientsMax)
        {
            throw Failure.TooMany("clients", options.ClientsMax);
        }

        if (request.Host.Length > TextMax || request.Program.Length > TextMax
            || request.Environment.Count > EnvironmentMax
            || request.Environment.Any(pair => pair.Key.Length + pair.Value.Length > TextMax))
        {
            throw Failure.Invalid("the client's description of itself is too long");
        }

        var client = new ConnectedClient(store.ReserveNumbers("client", 1), request, timers.MonotonicNanoseconds);
        clients.Add(client.ClientId, client);
        return client;
    }

    /// <summary>
    /// The client behind a call; its lease is renewed. An id that this Visor does not know is taken back: it was given out
    /// before a restart, and what it held will be acquired again.
    /// </summary>
    public ConnectedClient Hear(ulong clientId)
    {
        if (clientId == 0)
        {
            throw new ChronoLogException(Status.NoConnection, "the call carries no client id; connect first");
        }

        if (!clients.TryGetValue(clientId, out ConnectedClient? client))
        {
            if (clients.Count >= options.ClientsMax)
            {
                throw Failure.TooMany("clients", options.ClientsMax);
            }

            client = new ConnectedClient(clientId, new ConnectRequest { Program = "(returned)" }, timers.MonotonicNanoseconds);
            clients.Add(clientId, client);
        }

        client.LastHeard = timers.MonotonicNanoseconds;
        return client;
    }

    public void Forget(ConnectedClient client)
    {
        foreach (ulong story in client.Held.ToList())
        {
            Release(client, story);
        }

        clients.Remove(client.ClientId);
    }

    public IReadOnlyList<ConnectedClient> Expired()
    {
        long limit = timers.MonotonicNanoseconds - (long)options.ClientLease.TotalNanoseconds;
        return [.. clients.Values.Where(client => client.LastHeard < limit)];
    }

    public int HolderCount(ulong storyId) => holders.TryGetValue(storyId, out HashSet<ulong>? set) ? set.Count : 0;

    public bool Hold(ConnectedClient client, ulong storyId)
    {
        if (!holders.TryGetValue(storyId, out HashSet<ulong>? set))
        {
            holders.Add(storyId, set = []);
        }

        client.Held.Add(storyId);
        return set.Add(client.ClientId);
    }

    /// <returns>False when the client did not hold the story.</returns>
    public bool Release(ConnectedClient client, ulong storyId)
    {
        if (!client.Held.Remove(storyId))
        {
            return false;
        }

        HashSet<ulong> set = holders[storyId];
        set.Remove(client.ClientId);
        if (set.Count == 0)
        {
            holders.Remove(storyId);
        }

        return true;
    }
}
