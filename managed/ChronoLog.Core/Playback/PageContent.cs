using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;

namespace ChronoLog.Core.Playback;

/// <summary>What goes into a page: merged entries, or columns as they lie in a file. At least one event.</summary>
internal readonly ref struct PageContent
{
    private readonly ReadOnlySpan<EventEntry> entries;
    private readonly ColumnSlice? columns;

    /// <param name="entries">At least one.</param>
    /// <param name="recordBytes">Of their records, with arrival stamps if they get them.</param>
    public PageContent(ReadOnlySpan<EventEntry> entries, long recordBytes)
    {
        this.entries = entries;
        Count = entries.Length;
        RecordBytes = recordBytes;
        First = entries[0].Sequence;
        Last = entries[^1].Sequence;
    }

    public PageContent(ColumnSlice columns)
    {
        this.columns = columns;
        Count = columns.Count;
        RecordBytes = columns.RecordBytes;
        First = columns.First;
        Last = columns.Last;
    }

    public int Count { get; }

    public EventSequence First { get; }

    public EventSequence Last { get; }

    private long RecordBytes { get; }

    /// <summary>Bytes of the image.</summary>
    public int ImageLength => checked((int)ColumnImage.RequiredBytes(Count, RecordBytes));

    /// <param name="image">Exactly <see cref="ImageLength"/> bytes.</param>
    /// <param name="header">What is known beside the events.</param>
    public void Write(Span<byte> image, in ColumnImageHeader header)
    {
        if (columns is null)
        {
            ColumnImage.Write(image, header, entries, RecordBytes);
        }
        else
        {
            ColumnImage.Write(image, header, columns);
        }
    }
}
