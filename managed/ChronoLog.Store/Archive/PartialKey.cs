using ChronoLog.Core.Protocol;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Identity of a partial chunk: the process that made it, that process's epoch, a sequence number of its own.
/// </summary>
public readonly record struct PartialKey(ulong ProcessId, ulong Epoch, ulong Sequence)
{
    public static PartialKey From(PartialIdentity identity) =>
        new(identity.ProcessId, identity.Epoch, identity.Sequence);
}
