namespace ChronoLog.Transport.Bulk;

/// <summary>Counters of one endpoint since it was opened. All grow only, except the three that say "now".</summary>
/// <param name="ReadsPosted">RMA reads (fi_read) handed to libfabric.</param>
/// <param name="ReadsCompleted">RMA reads that completed with success.</param>
/// <param name="ReadsFailed">RMA reads that completed with an error.</param>
/// <param name="BytesRead">Bytes of the completed reads.</param>
/// <param name="Pulls">Pulls that succeeded, checksum included.</param>
/// <param name="PullsFailed">Pulls that failed or were cancelled.</param>
/// <param name="Exposures">Regions open to remote reads now.</param>
/// <param name="BytesRented">Bytes of slabs rented now.</param>
/// <param name="BytesQuarantined">
/// Bytes now held only because a read that was given up may still write there.
/// </param>
public readonly record struct BulkStatistics(
    long ReadsPosted,
    long ReadsCompleted,
    long ReadsFailed,
    long BytesRead,
    long Pulls,
    long PullsFailed,
    long Exposures,
    long BytesRented,
    long BytesQuarantined);
