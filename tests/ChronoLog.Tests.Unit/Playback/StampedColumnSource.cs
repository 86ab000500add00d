using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Playback;

/// <summary>A local paged source of columns with arrival stamps, as a StoryFile read with them gives.</summary>
public sealed class StampedColumnSource(IEnumerable<IReadOnlyList<StampedEvent>> parts) : IPagedReadSource
{
    private readonly IEnumerator<IReadOnlyList<StampedEvent>> script = parts.GetEnumerator();
    private ColumnSlice? offered;

    public string Name => "columns";

    public ulong EventEstimate => 0;

    public IReadOnlyList<Gap> Gaps => [];

    public bool IsLocal => true;

    public ValueTask<PageOffer?> OfferAsync(int bytesMax, CancellationToken cancellation)
    {
        offered?.Dispose();
        offered = script.MoveNext() ? ToSlice(script.Current) : null;
        return ValueTask.FromResult<PageOffer?>(offered is null ? null : new ColumnPage(offered));
    }

    public ValueTask<EventRun?> LoadAsync(PageOffer offer, CancellationToken cancellation) =>
        ValueTask.FromResult<EventRun?>(((ColumnPage)offer).Columns.ToRun());

    public async ValueTask<EventRun?> NextAsync(CancellationToken cancellation) =>
        await OfferAsync(0, cancellation) is { } offer ? await LoadAsync(offer, cancellation) : null;

    public ValueTask DisposeAsync()
    {
        offered?.Dispose();
        offered = null;
        return default;
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

/// <summary>The part of another source that was asked for.</summary>
public sealed class RangeSource(IReadSource source, ulong start, ulong end) : IReadSource
{
    public string Name => source.Name;

    public ulong EventEstimate => 0;

    public IReadOnlyList<Gap> Gaps => source.Gaps;

    public async ValueTask<EventRun?> NextAsync(CancellationToken cancellation)
    {
        while (await source.NextAsync(cancellation) is { } run)
        {
            EventRun? inside = run.Range(start, end);
            run.Release();
            if (inside is not null)
            {
                return inside;
            }
        }

        return null;
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();
}
