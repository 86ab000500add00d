namespace ChronoLog.Transport.Rings;

/// <summary>Bytes since the ring was made.</summary>
/// <param name="Tail">Reserved by the client.</param>
/// <param name="Consumed">In the Keeper's journal.</param>
/// <param name="Durable">On the Keeper's device.</param>
public readonly record struct RingPositions(ulong Tail, ulong Consumed, ulong Durable);
