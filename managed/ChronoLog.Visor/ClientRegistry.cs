using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Visor;

/// <summary>
/// Connected clients, their leases, and who holds which story. A client is stored before it holds its first story, and
/// until it leaves or its lease runs out: so a restarted Visor knows whom to wait for.
/// </summary>
internal sealed class ClientRegistry
{
    private const int TextMax = 1024;
    private const int EnvironmentMax = 72; // 64 of the application, and what the client knows of its launcher

    private readonly IMetadataStore store;
    private readonly ITimers timers;
    private readonly VisorOptions options;
    private readonly ulong start;
    private readonly Dictionary<ulong, ConnectedClient> clients = [];
    private readonly Dictionary<ulong, HashSet<ulong>> holders = [];
    private ulong session;

    public ClientRegistry(IMetadataStore store, IBaseClock clock, ITimers timers, VisorOptions options)
    {
        (this.store, this.timers, this.options) = (store, timers, options);
        start = clock.Now;
        session = start; // ticks never go back, so no session of an earlier life is given out again
        Awaited = new AwaitedClients(store, timers, options.ClientLease);
    }

    public IEnumerable<ConnectedClient> Clients => clients.Values;

    public int Count => clients.Count;

    public AwaitedClients Awaited { get; }

    public ConnectedClient Connect(ConnectRequest request)
    {
        if (request.Host.Length > TextMax || request.Program.Length > TextMax
            || request.Environment.Count > EnvironmentMax
            || request.Environment.Any(pair => pair.Key.Length + pair.Value.Length > TextMax))
        {
            throw Failure.Invalid("the client's description of itself is too long");
        }

        CheckCount();
        return Add(store.ReserveNumbers("client", 1), request);
    }

    /// <summary>
    /// The client behind a call; its lease is renewed. An id that this Visor does not know is taken back, in a new
    /// session: it was given out before a restart, or its lease ran out. What it held it has to acquire again.
    /// </summary>
    public ConnectedClient Hear(ulong clientId)
    {
        if (clientId == 0)
        {
            throw new ChronoLogException(Status.NoConnection, "the call carries no client id; connect first");
        }

        if (!clients.TryGetValue(clientId, out ConnectedClient? client))
        {
            CheckCount();
            ConnectRequest? known = Awaited.Find(clientId);
            client = Add(clientId, known ?? new ConnectRequest { Program = "(returned)" });
            client.IsStored = known is not null;
            Awaited.Hear(clientId);
        }

        client.LastHeard = timers.MonotonicNanoseconds;
        return client;
    }

    /// <summary>Whether the client has acquired in this session all that it holds; one that has is awaited no more.</summary>
    public bool IsSettled(ConnectedClient client, ulong acquiredIn)
    {
        if (client.Session != acquiredIn)
        {
            return false;
        }

        Awaited.Settle(client.ClientId);
        return true;
    }

    public void Forget(ConnectedClient client)
    {
        foreach (ulong story in client.Held.ToList())
        {
            Release(client, story);
        }

        clients.Remove(client.ClientId);
        Awaited.Settle(client.ClientId);
        if (client.IsStored)
        {
            store.DeleteClient(client.ClientId);
        }
    }

    public IReadOnlyList<ConnectedClient> Expired()
    {
        Awaited.Expire(clients.ContainsKey);
        long limit = timers.MonotonicNanoseconds - (long)options.ClientLease.TotalNanoseconds;
        return [.. clients.Values.Where(client => client.LastHeard < limit)];
    }

    public int HolderCount(ulong storyId) => holders.TryGetValue(storyId, out HashSet<ulong>? set) ? set.Count : 0;

    /// <exception cref="ChronoLogException">Acquired: the story is held, or may be by a client not heard yet.</exception>
    public void CheckFree(StoryRecord story)
    {
        string what = $"story '{story.Chronicle}/{story.Story}'";
        if (HolderCount(story.StoryId) is > 0 and var count)
        {
            throw Failure.Acquired(what, count);
        }

        if (Awaited.Count > 0 && story.Created <= start)
        {
            throw new ChronoLogException(Status.Acquired, $"{what} may be held: {Awaited.Describe()}");
        }
    }

    public bool Hold(ConnectedClient client, ulong storyId)
    {
        if (!client.IsStored)
        {
            store.PutClient(new ClientRecord(client.ClientId, client.Request));
            client.IsStored = true;
        }

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

    private void CheckCount()
    {
        if (clients.Count >= options.ClientsMax)
        {
            throw Failure.TooMany("clients", options.ClientsMax);
        }
    }

    private ConnectedClient Add(ulong clientId, ConnectRequest request)
    {
        var client = new ConnectedClient(clientId, request, ++session, timers.MonotonicNanoseconds);
        clients.Add(clientId, client);
        return client;
    }
}
