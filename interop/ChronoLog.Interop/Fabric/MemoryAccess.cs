namespace ChronoLog.Interop.Fabric;

/// <summary>What a registered region may be used for (libfabric's FI_READ, ...).</summary>
[Flags]
public enum MemoryAccess : ulong
{
    None = 0,

    /// <summary>Local buffer that RMA reads fill.</summary>
    Read = 1 << 8,

    /// <summary>Local buffer that RMA writes send.</summary>
    Write = 1 << 9,

    /// <summary>Target of a peer's RMA read.</summary>
    RemoteRead = 1 << 12,

    /// <summary>Target of a peer's RMA write.</summary>
    RemoteWrite = 1 << 13,
}
