using ChronoLog.Core.Protocol;

namespace ChronoLog.Visor;

/// <summary>A client as the Visor knows it.</summary>
internal sealed class ConnectedClient(ulong clientId, ConnectRequest request, ulong session, long now)
{
    public ulong ClientId { get; } = clientId;

    public ConnectRequest Request { get; } = request;

    /// <summary>Of this client at this Visor: it has another one after every time that it was forgotten.</summary>
    public ulong Session { get; } = session;

    /// <summary>Monotonic nanoseconds of the last call.</summary>
    public long LastHeard { get; set; } = now;

    /// <summary>Of the last sign of life that had one.</summary>
    public ClockReport? Clock { get; set; }

    /// <summary>Whether a restarted Visor would know of it.</summary>
    public bool IsStored { get; set; }

    /// <summary>Stories held, by id.</summary>
    public HashSet<ulong> Held { get; } = [];
}
