using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;

namespace ChronoLog.Tests.Unit.Chunk;

/// <summary>Reads what the code under test delivers into model events.</summary>
internal static class Reading
{
    public static List<ModelEvent> Events(this EventRun run)
    {
        var events = new List<ModelEvent>();
        foreach (ref readonly EventEntry entry in run.Entries)
        {
            events.Add(ModelEvent.From(entry));
        }

        return events;
    }

    public static List<ModelEvent> Drain(this MergeCursor cursor, Random? random = null)
    {
        var events = new List<ModelEvent>();
        var target = new EventEntry[random is null ? 64 : random.Next(1, 20)];
        int count;
        while ((count = cursor.Read(target)) > 0)
        {
            foreach (ref readonly EventEntry entry in target.AsSpan(0, count))
            {
                events.Add(ModelEvent.From(entry));
            }
        }

        return events;
    }

    public static List<ModelEvent> Events(this StoryChunk chunk)
    {
        using MergeCursor cursor = chunk.OpenMerge();
        return cursor.Drain();
    }

    public static ulong[] Times(this StoryChunk chunk) => [.. chunk.Events().Select(e => e.Time)];
}
