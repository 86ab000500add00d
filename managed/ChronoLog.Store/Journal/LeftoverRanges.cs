using System.Runtime.InteropServices;
using ChronoLog.Core.Model;

namespace ChronoLog.Store.Journal;

/// <summary>
/// Which stories' events, and of which range, lie in segments that an earlier run left. Reads every frame header; nothing
/// read is trusted.
/// </summary>
public static class LeftoverRanges
{
    /// <param name="directory">Of the journal.</param>
    /// <param name="segments">File names, see <see cref="SegmentJournal.Leftovers"/>.</param>
    /// <exception cref="IOException">A file can't be read.</exception>
    public static IReadOnlyCollection<LeftoverRange> Read(string directory, IEnumerable<string> segments)
    {
        var ranges = new Dictionary<ulong, LeftoverRange>();
        foreach (string segment in segments)
        {
            foreach (JournalBatch batch in JournalReader.ScanFile(Path.Combine(directory, segment)).Batches)
            {
                Add(ranges, batch.Frames.Span);
            }
        }

        return ranges.Values;
    }

    // The batch's checksum was right, but the frames are a client's: a wrong length ends the walk, as it does in ingestion.
    private static void Add(Dictionary<ulong, LeftoverRange> ranges, ReadOnlySpan<byte> frames)
    {
        while (frames.Length >= RecordFrame.HeaderLength)
        {
            int length = RecordFrame.Length(frames);
            if (length < RecordFrame.HeaderLength || length > frames.Length)
            {
                return;
            }

            ulong story = RecordFrame.StoryId(frames);
            ulong time = RecordFrame.EventTime(frames);
            ref LeftoverRange range = ref CollectionsMarshal.GetValueRefOrAddDefault(ranges, story, out bool isKnown);
            range = isKnown
                ? new LeftoverRange(
                    story, Math.Min(range.FirstTime, time), Math.Max(range.LastTime, time), range.Events + 1)
                : new LeftoverRange(story, time, time, 1);
            frames = frames[Math.Min(RecordFrame.AlignedLength(length), frames.Length)..];
        }
    }
}
