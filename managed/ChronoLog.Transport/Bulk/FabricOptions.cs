namespace ChronoLog.Transport.Bulk;

/// <summary>How the data plane of a process is opened.</summary>
/// <param name="Provider">
/// "auto", or one of <see cref="FabricProviders.Names"/> ("ofi+tcp", "ofi+sockets", "ofi+shm", "ofi+verbs").
/// "auto" takes the best that libfabric offers for the source address: verbs, tcp, sockets.
/// </param>
/// <param name="SourceAddress">
/// The local IP address to bind; only this one is listened on. Not used by shm, whose addresses are process names.
/// </param>
/// <param name="BudgetBytes">Most bytes of slabs that may be rented at once.</param>
/// <param name="LargestSlabBytes">Largest slab; a power of two, at least 64 KiB and at most the budget.</param>
public sealed record FabricOptions(
    string Provider = "auto",
    string SourceAddress = "127.0.0.1",
    long BudgetBytes = 256L << 20,
    int LargestSlabBytes = 64 << 20)
{
    /// <summary>
    /// A pull that has not finished after this time fails with TIMED_OUT. Bounds what a peer that is alive but silent can
    /// hold up; a caller's own deadline is the cancellation token.
    /// </summary>
    public TimeSpan PullTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A peer to which no connection came up within this time fails the pull with NO_CONNECTION.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A read that has not come back this long after its pull was given up is ended by closing the connections of the
    /// pulling side. Until then its slab is held back.
    /// </summary>
    public TimeSpan StuckReadTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
