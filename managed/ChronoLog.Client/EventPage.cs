using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;

namespace ChronoLog.Client;

/// <summary>
/// Some events of a replay, in order. They lie in the memory that was pulled from the Player: valid until the page is
/// disposed, which the replay does when it goes on to the next one.
/// </summary>
public sealed class EventPage : IDisposable
{
    private EventRun? run;

    internal EventPage(EventRun run) => this.run = run;

    /// <summary>The events; <see cref="EventEntry.LogRecord"/> gives an event's bytes without copying.</summary>
    public ReadOnlySpan<EventEntry> Events =>
        (run ?? throw new ObjectDisposedException(nameof(EventPage))).Entries;

    /// <summary>Number of its events.</summary>
    public int Count => Events.Length;

    /// <summary>Keeps the page valid past the replay's next step. The caller disposes the result.</summary>
    public EventPage Keep() => new((run ?? throw new ObjectDisposedException(nameof(EventPage))).AddReference());

    /// <summary>Where the page's events lie, for those who read them from C: as entries, and as columns.</summary>
    internal (ArraySegment<EventEntry> Entries, ColumnPlaces Columns) Native()
    {
        EventRun current = run ?? throw new ObjectDisposedException(nameof(EventPage));
        return (current.EntriesInPlace, ColumnImage.PlacesOf(current));
    }

    internal EventPage Slice(int start, int count) => new(SliceRun(start, count));

    internal EventRun SliceRun(int start, int count) =>
        (run ?? throw new ObjectDisposedException(nameof(EventPage))).Slice(start, count);

    /// <summary>Gives its memory back: its events must not be used any more.</summary>
    public void Dispose() => Interlocked.Exchange(ref run, null)?.Release();
}
