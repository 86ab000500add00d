using System.Buffers.Binary;
using ChronoLog.Client;

namespace ChronoLog.Bench.EndToEnd;

/// <summary>One thread that records events as fast as it can: each one's number, and a pattern behind it.</summary>
internal static class Recorder
{
    /// <summary>Of one LogBatch: what an application gathers in some microseconds, and far less than a ring.</summary>
    private const int BatchEvents = 64;

    public static void LogOneByOne(StoryHandle story, int size, long events)
    {
        byte[] record = Pattern(size);
        for (long i = 0; i < events; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(record, i);
            story.LogEvent(record);
        }
    }

    public static void LogInBatches(StoryHandle story, int size, long events)
    {
        byte[] records = [.. Enumerable.Repeat(Pattern(size), BatchEvents).SelectMany(record => record)];
        int[] lengths = [.. Enumerable.Repeat(size, BatchEvents)];
        ulong[] ticks = new ulong[BatchEvents];
        for (long i = 0; i < events; i += BatchEvents)
        {
            int count = (int)Math.Min(BatchEvents, events - i);
            for (int k = 0; k < count; k++)
            {
                BinaryPrimitives.WriteInt64LittleEndian(records.AsSpan(k * size), i + k);
            }

            story.LogBatch(records.AsSpan(0, count * size), lengths.AsSpan(0, count), ticks);
        }
    }

    private static byte[] Pattern(int size) => [.. Enumerable.Range(0, size).Select(i => (byte)('a' + (i % 26)))];
}
