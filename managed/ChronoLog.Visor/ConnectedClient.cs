using ChronoLog.Core.Protocol;

namespace ChronoLog.Visor;

/// <summary>A client as the Visor knows it.</summary>
internal sealed class ConnectedClient(ulong clientId, ConnectRequest request, long now)
{
    public ulong ClientId { get; } = clientId;

    public ConnectRequest Request { get; } = request;

    /// <summary>Monotonic nanoseconds of the last call.</summary>
    public long LastHeard { get; set; } = now;

    /// <summary>Stories held, by id.</summary>
    public HashSet<ulong> Held { get; } = [];
}
