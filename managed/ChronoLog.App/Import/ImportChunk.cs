using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;

namespace ChronoLog.App.Import;

/// <summary>Collects sorted events until they make one image, and so one StoryFile.</summary>
/// <param name="storyId">Whose events.</param>
/// <param name="bytesMax">Of the records; a single one may be larger.</param>
internal sealed class ImportChunk(ulong storyId, int bytesMax)
{
    // An index entry of 32 bytes here and in the Grapher each: a chunk of tiny events must not be mostly index.
    private const int EventsMax = 1 << 18;

    private readonly EventRunBuilder builder = new();
    private UnmanagedBlock? block;
    private int used;
    private ulong first;
    private ulong last;

    /// <summary>False when it is full: take it, and add again.</summary>
    public bool TryAdd(EventKey key, ReadOnlySpan<byte> record)
    {
        block ??= new UnmanagedBlock(Math.Max(bytesMax, record.Length));
        if (builder.Count == EventsMax || used + record.Length > block.Length)
        {
            return false;
        }

        record.CopyTo(block.Span[used..]);
        builder.Append(
            new EventEntry(key.Time, key.ClientId, key.Index, block.Address + used, record.Length), block);
        used += record.Length;
        first = builder.Count == 1 ? key.Time : first;
        last = key.Time;
        return true;
    }

    /// <summary>What was collected, as a chunk of its own range; null when there is nothing. The caller's.</summary>
    public StoryChunk? Take()
    {
        EventRun? run = builder.Build();
        block?.Release();
        (block, used) = (null, 0);
        if (run is null)
        {
            return null;
        }

        var chunk = new StoryChunk(storyId, first, last + 1);
        chunk.Add(run);
        run.Release();
        return chunk;
    }
}
