using ChronoLog.Interop.Fabric;

namespace ChronoLog.Transport.Bulk;

/// <summary>A provider that was opened: its domain, the endpoint that serves, and for shm the doorbell.</summary>
internal sealed record OpenFabric(FabricDomain Domain, FabricEndpoint Serve, ShmDoorbell? Bell) : IDisposable
{
    private const string Shm = "shm";

    /// <param name="provider">As libfabric calls it.</param>
    /// <param name="source">Local IP address; not used by shm.</param>
    /// <exception cref="FabricException">It is not to be had.</exception>
    internal static OpenFabric Open(string provider, string source)
    {
        ShmDoorbell? bell = null;
        FabricDomain? domain = null;
        try
        {
            if (provider == Shm)
            {
                // Before the endpoint: a file in /dev/shm without a doorbell is one left behind, and gets removed.
                source = ShmName.New();
                bell = new ShmDoorbell(source);
            }

            domain = FabricDomain.Open(provider, source, ReadSlots.Count * 2);
            return new OpenFabric(domain, ServeLane.OpenEndpoint(domain), bell);
        }
        catch
        {
            domain?.Dispose();
            bell?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (Bell is null || !ShmProcess.TryKeep(Serve, Domain))
        {
            Serve.Dispose();
            Domain.Dispose();
        }

        Bell?.Dispose(); // last: whoever can't ring it takes it that nothing here writes into his memory any more
    }
}
