using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Keeper;

/// <summary>Stands for the way to the Grapher: notes what it is given, and fails as long as a test says.</summary>
internal sealed class FakeExtractor : IChunkExtractor
{
    public string Name => "to grapher";

    public ChronoLogException? Failure { get; set; }

    public int Attempts { get; private set; }

    public List<Taken> Chunks { get; } = [];

    /// <summary>What the receiver answers: it had archived the chunk before.</summary>
    public bool AnswersArchived { get; set; }

    /// <summary>The Grapher that says it has what it was given.</summary>
    public ulong ReceiverEpoch { get; set; }

    public ValueTask<ExtractionReceipt> ExtractAsync(RetiredChunk chunk, CancellationToken cancellation)
    {
        Attempts++;
        if (Failure is { } failure)
        {
            throw failure;
        }

        Chunks.Add(new Taken(chunk.Story, chunk.Identity, chunk.Chunk.StartTime, Read(chunk.Chunk))
        {
            IsLate = chunk.Chunk.IsLate,
        });
        return ValueTask.FromResult(new ExtractionReceipt(null)
        {
            IsArchived = AnswersArchived, ReceiverEpoch = ReceiverEpoch,
        });
    }

    public static List<string> Read(StoryChunk chunk)
    {
        var records = new List<string>();
        using MergeCursor merge = chunk.OpenMerge();
        var entries = new EventEntry[100];
        for (int count = merge.Read(entries); count > 0; count = merge.Read(entries))
        {
            records.AddRange(entries[..count].Select(entry => System.Text.Encoding.UTF8.GetString(entry.LogRecord)));
        }

        return records;
    }

    internal sealed record Taken(
        StoryDescriptor Story, PartialIdentity Identity, ulong StartTime, List<string> Records)
    {
        public bool IsLate { get; init; }
    }
}
