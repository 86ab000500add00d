using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Ports;

/// <summary>A Keeper that an operator declared lost.</summary>
/// <param name="Identity">What it had registered with.</param>
/// <param name="Declared">ChronoTick of the declaration.</param>
/// <param name="Returned">ChronoTick of its return all the same; 0 = it did not.</param>
public sealed record LostRecord(ProcessIdentity Identity, ulong Declared, ulong Returned = 0);
