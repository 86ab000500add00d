using ChronoLog.Core.Protocol;

namespace ChronoLog.Client;

/// <summary>
/// Some events of a playback, in order of EventSequence within the page; none when there is only something to say. Valid
/// until the playback goes on to the next page.
/// </summary>
public sealed class PlaybackPage : IDisposable
{
    private readonly EventPage? events;

    internal PlaybackPage(EventPage? events, bool isInOrder, ulong watermark, IReadOnlyList<Gap> gaps)
    {
        this.events = events;
        IsInOrder = isInOrder;
        Watermark = watermark;
        Gaps = gaps;
    }

    /// <summary>The events, for those who keep or hand them on; null when there are none.</summary>
    public EventPage? Page => events;

    /// <summary>The events; <see cref="Core.Model.EventEntry.LogRecord"/> gives an event's bytes without copying.</summary>
    public ReadOnlySpan<Core.Model.EventEntry> Events => events is null ? default : events.Events;

    /// <summary>Number of its events.</summary>
    public int Count => events?.Count ?? 0;

    /// <summary>
    /// All events come after every one shown before. False: late ones, which belong between events that were shown; in an
    /// ordered playback, ones below a <see cref="Watermark"/> that was stated.
    /// </summary>
    public bool IsInOrder { get; }

    /// <summary>
    /// ChronoTick below which the playback has shown everything but what comes late; 0 = not known. An ordered one states it
    /// with every page, an immediate one what it last heard of the story's watermark.
    /// </summary>
    public ulong Watermark { get; }

    /// <summary>What may be missing as of now, and why. A page without events says that this has changed.</summary>
    public IReadOnlyList<Gap> Gaps { get; }

    /// <summary>Gives its memory back: its events must not be used any more.</summary>
    public void Dispose() => events?.Dispose();
}
