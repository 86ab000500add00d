using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Ports;

/// <summary>A client that may hold stories.</summary>
/// <param name="ClientId">Issued by the Visor.</param>
/// <param name="Description">What it said of itself when it connected.</param>
public sealed record ClientRecord(ulong ClientId, ConnectRequest Description);
