namespace ChronoLog.Core.Playback;

/// <summary>How a <see cref="RemoteReadSource"/> behaves.</summary>
public sealed record RemoteReadOptions
{
    /// <summary>The server may order events by their arrival within a granule. A merge cannot take that.</summary>
    public bool AcceptsByArrival { get; init; } = true;

    /// <summary>See <see cref="IReadSource.Name"/>; default: the channel's endpoint.</summary>
    public string? Name { get; init; }

    /// <summary>For the answer to OpenRead.</summary>
    public TimeSpan OpenDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For each page.</summary>
    public TimeSpan PageDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>True: a failure in the middle throws. False: the source ends with a gap over the rest of its range.</summary>
    public bool ThrowOnFailure { get; init; }

    /// <summary>
    /// True: pages are pulled ahead from the beginning. False: when the first page is loaded, for a reader that looks at
    /// the offers and passes most of them on.
    /// </summary>
    public bool PullsAtOnce { get; init; } = true;

    /// <summary>How often one page is asked for and pulled before that counts as a failure.</summary>
    public int Attempts { get; init; } = 2;
}
