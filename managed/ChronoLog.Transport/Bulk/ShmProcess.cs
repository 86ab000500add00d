using ChronoLog.Interop.Fabric;

namespace ChronoLog.Transport.Bulk;

/// <summary>
/// Keeps shm endpoints open that must not be closed. libfabric 1.17 lets endpoints of one process use each other's memory
/// without a mapping of their own, so closing one of them makes the others read unmapped memory. Once an endpoint has
/// pulled from one in its own process (tests do; a server has one endpoint), all stay open until the process ends; only
/// their files are removed.
/// </summary>
internal static class ShmProcess
{
    private static readonly List<object> Kept = [];
    private static volatile bool entangled;

    /// <summary>Must be called before a peer is used for the first time.</summary>
    internal static void Meet(string peerName)
    {
        if (ShmName.IsOfThisProcess(peerName))
        {
            entangled = true;
        }
    }

    /// <returns>True if the objects are kept for good; false if the caller may close them.</returns>
    internal static bool TryKeep(FabricEndpoint endpoint, params object[] others)
    {
        if (!entangled)
        {
            return false;
        }

        ShmName.RemoveFile(endpoint.Address);
        lock (Kept)
        {
            // Out of the finaliser's reach, which would close them.
            Kept.Add(endpoint);
            Kept.AddRange(others);
        }

        return true;
    }
}
