using ChronoLog.Core.Ports;

namespace ChronoLog.Core.Extraction;

/// <summary>What an <see cref="RdmaExtractor"/> needs from its process.</summary>
/// <param name="Connector">Control plane.</param>
/// <param name="Bulk">Data plane: gives and exposes the images' memory.</param>
/// <param name="DefaultReceiver">
/// Drain endpoint of the receiver when the chain names none, asked at each call: a Keeper's is the Grapher of the
/// newest view of its group. Null = none is alive. Called from the extraction streams.
/// </param>
/// <param name="AdminEndpoint">Where this process hears of archived chunks. Called from the extraction streams.</param>
public sealed record RdmaExtractorOptions(
    IRpcConnector Connector, IBulkEndpoint Bulk, Func<string?> DefaultReceiver, Func<string> AdminEndpoint)
{
    /// <summary>
    /// Longest wait for the receiver to have pulled. It pulls when it has room, so this is far longer than a transfer
    /// takes; and it is how long a receiver's crash goes unnoticed when its successor has the same address. Announcing
    /// again after it is harmless.
    /// </summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(10);
}
