namespace ChronoLog.Core.Playback;

/// <summary>What a <see cref="ReadService"/> has served since its start.</summary>
/// <param name="CursorsOpen">Now.</param>
/// <param name="CursorsOpened">Ever.</param>
/// <param name="PagesServed">Distinct pages handed out.</param>
/// <param name="PagesPassed">Those of them that lie in another process's memory and were passed on unread.</param>
/// <param name="BytesServed">In those pages.</param>
/// <param name="EventsServed">In those pages, after the merge.</param>
/// <param name="Conflicts">Events left out because another one of other bytes has their EventSequence.</param>
public readonly record struct ReadStatistics(
    int CursorsOpen, long CursorsOpened, long PagesServed, long PagesPassed, long BytesServed, long EventsServed,
    long Conflicts);
