using System.Buffers.Binary;
using ChronoLog.Client;

namespace ChronoLog.Bench.EndToEnd;

/// <summary>
/// Walks a replay as an application would, every event and its record, and checks it: each number once, in order, with
/// the right length, in ascending order of EventSequence.
/// </summary>
internal static class ReplayCheck
{
    /// <exception cref="BenchException">An event is missing, foreign, or out of order.</exception>
    public static async Task RunAsync(ChronoClient client, string chronicle, string story, int size, long events)
    {
        long number = 0;
        EventSequence last = default;
        await using Replay replay = await client.ReplayAsync(chronicle, story);
        await foreach (EventPage page in replay)
        {
            Walk(page.Events, size, ref number, ref last);
        }

        if (number != events || replay.Status != Status.Ok)
        {
            throw new BenchException(
                $"{number} of {events} events of {size} bytes were replayed, with status {replay.Status}: "
                + string.Join(", ", replay.Gaps));
        }
    }

    private static void Walk(ReadOnlySpan<EventEntry> events, int size, ref long number, ref EventSequence last)
    {
        foreach (ref readonly EventEntry entry in events)
        {
            ReadOnlySpan<byte> record = entry.LogRecord;
            if (record.Length != size || BinaryPrimitives.ReadInt64LittleEndian(record) != number
                || (number > 0 && entry.Sequence <= last))
            {
                throw new BenchException(
                    $"event {number} of {size} bytes is not in its place: {entry.Sequence}, {record.Length} bytes");
            }

            last = entry.Sequence;
            number++;
        }
    }
}
