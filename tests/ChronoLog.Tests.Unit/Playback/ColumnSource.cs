using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Playback;

/// <summary>A local paged source: each part lies in memory as columns, as a StoryFile's events do.</summary>
public sealed class ColumnSource : IPagedReadSource
{
    private readonly IEnumerator<ColumnSlice> script;
    private ColumnSlice? offered;

    public ColumnSource(IEnumerable<IReadOnlyList<TestEvent>> parts) => script = parts.Select(ToSlice).GetEnumerator();

    /// <summary>With arrival stamps, as a StoryFile read with them gives.</summary>
    public ColumnSource(IEnumerable<IReadOnlyList<StampedEvent>> parts) => script = parts.Select(ToSlice).GetEnumerator();

    public string Name => "columns";

    public ulong EventEstimate => 0;

    public IReadOnlyList<Gap> Gaps => [];

    public bool IsLocal => true;

    /// <summary>Events of which entries were made.</summary>
    public int Loaded { get; private set; }

    public ValueTask<PageOffer?> OfferAsync(int bytesMax, CancellationToken cancellation)
    {
        offered?.Dispose();
        offered = script.MoveNext() ? script.Current : null;
        return ValueTask.FromResult<PageOffer?>(offered is null ? null : new ColumnPage(offered));
    }

    public ValueTask<EventRun?> LoadAsync(PageOffer offer, CancellationToken cancellation)
    {
        Loaded += offer.Count;
        return ValueTask.FromResult<EventRun?>(((ColumnPage)offer).Columns.ToRun());
    }

    public async ValueTask<EventRun?> NextAsync(CancellationToken cancellation) =>
        await OfferAsync(int.MaxValue, cancellation) is { } offer ? await LoadAsync(offer, cancellation) : null;

    public ValueTask DisposeAsync()
    {
        offered?.Dispose();
        offered = null;
        script.Dispose();
        return default;
    }

    /// <summary>The events as the columns of an image that begins with another one, so that offsets do not begin at 0.</summary>
    internal static ColumnSlice ToSlice(IReadOnlyList<TestEvent> events)
    {
        EventRun run = TestEvent.ToRun(events.Prepend(new TestEvent(0, 0, 0, "before")));
        int length = (int)ColumnImage.RequiredBytes(run.Count, run.RecordBytes);
        var block = new PinnedBlock(length);
        ColumnImage.Write(block.Span, new ColumnImageHeader(1, 0, ulong.MaxValue), run.Entries, run.RecordBytes);
        ColumnPlaces all = ColumnImageDescriptor.Places(block.Address, run.Count, run.RecordBytes);
        run.Release();
        var places = new ColumnPlaces(
            all.EventTime + 8, all.ClientId + 8, all.EventIndex + 4, all.RecordOffset + 8, all.Records);
        ColumnSlice slice = ColumnSlice.TryOver(block, places, events.Count)!;
        block.Release();
        return slice;
    }

    private static ColumnSlice ToSlice(IReadOnlyList<StampedEvent> events)
    {
        EventRun run = StampedEvent.ToRun(events);
        long recordBytes = run.RecordBytes + ((long)EventEntry.StampLength * run.Count);
        var block = new PinnedBlock((int)ColumnImage.RequiredBytes(run.Count, recordBytes));
        var header = new ColumnImageHeader(1, 0, ulong.MaxValue, ColumnImageFlags.Stamped);
        ColumnImage.Write(block.Span, header, run.Entries, recordBytes);
        ColumnPlaces places = ColumnImageDescriptor.Places(block.Address, run.Count, recordBytes, isStamped: true);
        run.Release();
        ColumnSlice slice = ColumnSlice.TryOver(block, places, events.Count)!;
        block.Release();
        return slice;
    }
}
