namespace ChronoLog.App.Import;

/// <summary>Events in order, one at a time.</summary>
internal interface ISortedEvents : IDisposable
{
    EventKey Key { get; }

    /// <summary>Valid until the next move.</summary>
    ReadOnlySpan<byte> Record { get; }

    /// <summary>To the first one, or the next; false at the end.</summary>
    bool MoveNext();
}
