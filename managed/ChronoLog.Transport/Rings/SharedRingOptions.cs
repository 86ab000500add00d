using ChronoLog.Interop.Ring;

namespace ChronoLog.Transport.Rings;

/// <summary>Where a Keeper's rings lie, and how much memory they may take.</summary>
public sealed record SharedRingOptions
{
    /// <summary>A directory in memory (tmpfs); a ring on a disk would be written back there all the time.</summary>
    public string Directory { get; init; } = "/dev/shm";

    /// <summary>
    /// Tells this Keeper's files from others': part of their names, the same in every process of the Keeper. Whoever
    /// has the key takes up the files.
    /// </summary>
    public ulong OwnerKey { get; init; }

    /// <summary>Written into every header; 0 until the Keeper is registered.</summary>
    public ulong KeeperProcessId { get; init; }

    /// <summary>The Keeper's epoch, ditto.</summary>
    public ulong KeeperEpoch { get; init; }

    /// <summary>
    /// Let the file's group map it too (mode 0660): for a Keeper that runs as a service user. Else 0600.
    /// </summary>
    public bool GroupAccess { get; init; }

    /// <summary>
    /// The rings are this process's own, the client's ends of mirrored rings: no other process maps them, so that its
    /// signal handlers are left alone.
    /// </summary>
    public bool IsPrivate { get; init; }

    public long CapacityMin { get; init; } = RingLayout.CapacityMin;

    public long CapacityMax { get; init; } = RingLayout.CapacityMax;

    /// <summary>Sum of all rings' capacities: 256 clients with rings of 16 MiB; the Keeper's own default.</summary>
    public long TotalBytesMax { get; init; } = 4L << 30;

    /// <summary>Rings at a time: each is a mapping, a pidfd, and a place in the consumer's round.</summary>
    public int RingsMax { get; init; } = 4096;
}
