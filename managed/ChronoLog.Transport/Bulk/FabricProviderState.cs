namespace ChronoLog.Transport.Bulk;

/// <summary>One line of the doctor's report.</summary>
/// <param name="Name">As in the setting: "ofi+tcp".</param>
/// <param name="LibfabricName">As libfabric calls it: "tcp;ofi_rxm".</param>
/// <param name="Available">True if an endpoint could be opened with it.</param>
/// <param name="Detail">Domain and interface if available, else the reason.</param>
public sealed record FabricProviderState(string Name, string LibfabricName, bool Available, string Detail);
