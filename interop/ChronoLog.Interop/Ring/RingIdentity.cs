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
    uint Mode,
    uint Flags = 0,
    uint Reserved = 0)
{
    /// <summary>The Keeper's end of a ring whose client is on another node.</summary>
    public const uint Mirrored = 1;

    /// <summary>Nobody but this process will ever map the file.</summary>
    public const uint Unguarded = 2;
}
