using ChronoLog.Interop.Fabric;

namespace ChronoLog.Transport.Bulk;

/// <summary>
/// The remote endpoints that a lane knows, bounded: the one unused for longest makes room. Owner: the lane's thread.
/// </summary>
internal sealed class PeerCache(FabricEndpoint endpoint, bool shm)
{
    /// <summary>shm's own table has 256 places.</summary>
    private const int Peers = 200;

    private readonly Dictionary<string, Peer> peers = new(StringComparer.Ordinal);
    private long uses;

    /// <summary>A peer for one pull, inserted if it is new; null if all places are in use by others.</summary>
    internal Peer? Acquire(byte[] address)
    {
        string key = Convert.ToHexString(address);
        if (peers.TryGetValue(key, out Peer? peer) && peer.Gone && peer.Pulls == 0)
        {
            Remove(key, peer);
            peer = null;
        }

        if (peer is null)
        {
            if (peers.Count >= Peers && !MakeRoom())
            {
                return null;
            }

            string? doorbell = shm ? ShmName.Of(address) : null;
            if (doorbell is not null)
            {
                ShmProcess.Meet(doorbell);
            }

            peer = new Peer(endpoint.InsertPeer(address), FabricAddress.Describe(address), doorbell);
            peers.Add(key, peer);
        }

        peer.Pulls++;
        peer.LastUse = ++uses;
        return peer;
    }

    private bool MakeRoom()
    {
        string? oldest = null;
        foreach ((string key, Peer peer) in peers)
        {
            if (peer.Pulls == 0 && (oldest is null || peer.LastUse < peers[oldest].LastUse))
            {
                oldest = key;
            }
        }

        if (oldest is null)
        {
            return false;
        }

        Remove(oldest, peers[oldest]);
        return true;
    }

    private void Remove(string key, Peer peer)
    {
        endpoint.RemovePeer(peer.Address);
        peers.Remove(key);
    }
}
