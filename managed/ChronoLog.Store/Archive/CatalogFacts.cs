namespace ChronoLog.Store.Archive;

/// <summary>What the catalog keeps of a file's header: small, because there may be millions of files.</summary>
public readonly record struct CatalogFacts(
    long EventCount, long RecordBytes, ulong FirstEventTime, ulong LastEventTime, bool Complete, bool Supplementary,
    long LateEvents);
