using ChronoLog.Core.Chunk;

namespace ChronoLog.Core.Playback;

/// <summary>A page whose columns lie in this process's memory: it is copied column by column.</summary>
/// <param name="columns">The source's, valid until the next offer.</param>
public sealed class ColumnPage(ColumnSlice columns) : PageOffer(columns.Count, columns.First, columns.Last)
{
    public ColumnSlice Columns { get; } = columns;
}
