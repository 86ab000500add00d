using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using Google.Protobuf;

namespace ChronoLog.Client.Following;

/// <summary>Makes runs and pages of what comes over the control plane; each lies in one column image, like a replay's.</summary>
internal static class PageMaker
{
    /// <summary>A batch as a run; the caller releases it.</summary>
    /// <exception cref="ChronoLogException">Corrupt.</exception>
    public static EventRun ToRun(ByteString batch, ulong storyId)
    {
        var block = new UnmanagedBlock(batch.Length);
        try
        {
            batch.Span.CopyTo(block.Span);
            EventRun run = ColumnImage.ToRun(block, batch.Length, out ColumnImageHeader header);
            if (header.StoryId == storyId && run.Count > 0)
            {
                return run;
            }

            run.Release();
            throw new ChronoLogException(
                Status.Corrupt, $"a batch of {header.Count} events of story {header.StoryId:x16} instead of {storyId:x16}");
        }
        finally
        {
            block.Release();
        }
    }

    /// <summary>Copies sorted events into a page of their own.</summary>
    public static EventPage ToPage(ReadOnlySpan<EventEntry> events, ulong storyId)
    {
        long recordBytes = 0;
        foreach (ref readonly EventEntry entry in events)
        {
            recordBytes += entry.Length;
        }

        int length = checked((int)ColumnImage.RequiredBytes(events.Length, recordBytes));
        var block = new UnmanagedBlock(length);
        try
        {
            ColumnImage.Write(block.Span, new ColumnImageHeader(storyId, 0, ulong.MaxValue), events, recordBytes);
            return new EventPage(ColumnImage.ToRun(block, length));
        }
        finally
        {
            block.Release();
        }
    }
}
