namespace ChronoLog.Transport.Bulk;

/// <summary>A remote endpoint in the address vector.</summary>
internal sealed class Peer(ulong address, string name, string? doorbell)
{
    /// <summary>libfabric's handle of it (fi_addr_t).</summary>
    internal ulong Address => address;

    /// <summary>For messages.</summary>
    internal string Name => name;

    /// <summary>Name of its doorbell, for shm.</summary>
    internal string? Doorbell => doorbell;

    /// <summary>Pulls that use it now.</summary>
    internal int Pulls { get; set; }

    /// <summary>Its process has gone, and with it all that could write here.</summary>
    internal bool Gone { get; set; }

    /// <summary>Stopwatch ticks of the last ring.</summary>
    internal long Rung { get; set; }

    internal long LastUse { get; set; }
}
