using System.Text;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Model;

namespace ChronoLog.Tests.Unit.Fakes;

/// <summary>Keeps what it was given, event by event; fails or waits when told to.</summary>
public sealed class RecordingExtractor(string name) : IChunkExtractor
{
    private readonly List<TakenChunk> taken = [];
    private int calls;

    public string Name => name;

    /// <summary>Chunks that were taken, in the order of their completion.</summary>
    public IReadOnlyList<TakenChunk> Taken
    {
        get
        {
            lock (taken)
            {
                return [.. taken];
            }
        }
    }

    public int Calls => Volatile.Read(ref calls);

    /// <summary>Given the number of the call, from 1: what to throw, or null.</summary>
    public Func<int, Exception?>? Fail { get; set; }

    /// <summary>Awaited before a chunk is taken.</summary>
    public Func<ValueTask>? Gate { get; set; }

    /// <summary>Whether receipts name a StoryFile.</summary>
    public bool WritesStoryFiles { get; set; }

    public async ValueTask<ExtractionReceipt> ExtractAsync(RetiredChunk chunk, CancellationToken cancellation)
    {
        int call = Interlocked.Increment(ref calls);
        await (Gate?.Invoke() ?? ValueTask.CompletedTask);
        if (Fail?.Invoke(call) is { } failure)
        {
            throw failure;
        }

        lock (taken)
        {
            taken.Add(new TakenChunk(chunk, EventsOf(chunk.Chunk)));
        }

        string path = $"/archive/{chunk.Story.Chronicle}/{chunk.Story.Story}/{chunk.Chunk.StartTime}-{call}.h5";
        return new ExtractionReceipt(WritesStoryFiles ? path : null);
    }

    /// <summary>The merge of a chunk, as text: "time/client/index=record".</summary>
    public static List<string> EventsOf(StoryChunk chunk)
    {
        var events = new List<string>();
        using MergeCursor merge = chunk.OpenMerge();
        var block = new EventEntry[16];
        for (int read = merge.Read(block); read > 0; read = merge.Read(block))
        {
            events.AddRange(block.Take(read).Select(TextOf));
        }

        return events;
    }

    public static string TextOf(EventEntry entry) =>
        $"{entry.EventTime}/{entry.ClientId}/{entry.EventIndex}={Encoding.UTF8.GetString(entry.LogRecord)}";
}

/// <param name="Chunk">As it was given.</param>
/// <param name="Events">Its merge at that moment.</param>
public sealed record TakenChunk(RetiredChunk Chunk, IReadOnlyList<string> Events);
