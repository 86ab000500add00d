using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Rings;
using ChronoLog.Transport.Timing;

namespace ChronoLog.Client;

/// <summary>The rings that this process shares with Keepers: one per Keeper, for all stories.</summary>
/// <remarks>
/// A Keeper that is started again takes its rings up, under its process id: nothing is to be done here. Going over to
/// another Keeper, when one stays away, would belong here.
/// </remarks>
internal sealed class RingSet(ulong clientId, SharedClock clock, IRpcConnector connector, ClientOptions options)
    : IAsyncDisposable
{
    private readonly Dictionary<ulong, RecorderRing> byKeeper = [];
    private readonly Dictionary<ulong, (IRpcChannel Channel, ulong RingId)> open = [];

    public RecorderSession Session { get; } = new(clientId, clock);

    /// <summary>The rings for a story of the group, per the client's placement; opened when first needed.</summary>
    public async Task<IReadOnlyList<RecorderRing>> PlaceAsync(GroupView group, CancellationToken cancellation)
    {
        List<ProcessIdentity> near =
            [.. group.Keepers.Where(keeper => keeper.Host == HostIdentity.Current).OrderBy(keeper => keeper.ProcessId)];
        if (near.Count == 0)
        {
            string known = string.Join(", ", group.Keepers.Select(keeper => $"'{keeper.Name}' on {keeper.Host}"));
            throw new ChronoLogException(
                Status.NotSupported,
                $"no keeper of group {group.Group} runs on this node ({HostIdentity.Current}); there are {known}. "
                + "Recording into a remote keeper is not built yet: start a keeper here");
        }

        // Clients of one node spread over its Keepers by their ids.
        IEnumerable<ProcessIdentity> chosen = options.Placement == Placement.LocalFirst
            ? [near[(int)(clientId % (ulong)near.Count)]]
            : near;
        var rings = new List<RecorderRing>();
        foreach (ProcessIdentity keeper in chosen)
        {
            rings.Add(await RingOfAsync(keeper, cancellation).ConfigureAwait(false));
        }

        return rings;
    }

    public async ValueTask DisposeAsync()
    {
        Session.Dispose();
        foreach ((IRpcChannel channel, ulong ringId) in open.Values)
        {
            try
            {
                await channel.CallAsync(
                    Methods.CloseRing, new CloseRingRequest { ClientId = clientId, RingId = ringId }, TimeSpan.FromSeconds(1))
                    .ConfigureAwait(false);
            }
            catch (ChronoLogException)
            {
                // The Keeper sees the closed mark in the ring, or this process's end.
            }

            await channel.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<RecorderRing> RingOfAsync(ProcessIdentity keeper, CancellationToken cancellation)
    {
        if (byKeeper.TryGetValue(keeper.ProcessId, out RecorderRing? ring))
        {
            return ring;
        }

        IRpcChannel channel = connector.Open(keeper.ServiceEndpoint);
        try
        {
            var request = new OpenRingRequest
            {
                ClientId = clientId,
                Host = HostIdentity.Current,
                Pid = (uint)Environment.ProcessId,
                CapacityBytes = (ulong)options.RingCapacityBytes,
            };
            OpenRingReply reply = await channel.CallAsync(Methods.OpenRing, request, options.CallDeadline, cancellation)
                .ConfigureAwait(false);
            ring = Session.AddRing(reply);
            byKeeper.Add(keeper.ProcessId, ring);
            open.Add(keeper.ProcessId, (channel, reply.RingId));
            return ring;
        }
        catch
        {
            await channel.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
