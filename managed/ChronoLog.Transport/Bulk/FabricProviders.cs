namespace ChronoLog.Transport.Bulk;

/// <summary>What libfabric offers on this machine.</summary>
public static class FabricProviders
{
    /// <summary>The names that the setting takes, besides "auto".</summary>
    public static IReadOnlyList<string> Names { get; } = ["ofi+verbs", "ofi+tcp", "ofi+sockets", "ofi+shm"];

    /// <summary>Asks libfabric which of them it has for a source address.</summary>
    public static IReadOnlyList<FabricProviderState> List(string sourceAddress) => throw new NotImplementedException();
}
