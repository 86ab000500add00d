using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Ring;

/// <summary>The constant part of a ring's header, as its creator gives it: <c>chrono_ring_identity</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct RingIdentity(
    ulong Capacity,
    ulong ClientId,
    ulong KeeperProcessId,
    ulong KeeperEpoch,
    ulong RingId,
    int ProducerPid,
    uint Mode);
