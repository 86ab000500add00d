namespace ChronoLog.Transport.Bulk;

/// <summary>The counters behind <see cref="BulkStatistics"/>; written by the pulling lane's thread, read by any.</summary>
internal sealed class BulkCounters
{
    internal long ReadsPosted;
    internal long ReadsCompleted;
    internal long ReadsFailed;
    internal long BytesRead;
    internal long Pulls;
    internal long PullsFailed;
    internal long BytesQuarantined;
}
