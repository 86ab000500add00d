using ChronoLog.Core.Extraction;
using ChronoLog.Grapher.Stories;

namespace ChronoLog.Grapher.Writing;

/// <summary>A chunk between its retirement and the moment when readers find its events in a StoryFile.</summary>
internal sealed class PendingChunk(GrapherStory story, RetiredChunk retired, IReadOnlyList<OpenPiece> pieces)
{
    public GrapherStory Story => story;

    public RetiredChunk Retired => retired;

    public IReadOnlyList<OpenPiece> Pieces => pieces;

    /// <summary>Written so far; empty for a chain without an archive.</summary>
    public List<string> StoryFiles { get; } = [];

    /// <summary>Why the last attempt failed; null before the first failure.</summary>
    public string? Failure { get; set; }

    /// <summary>True once every extractor of the chain has taken it.</summary>
    public bool IsArchived { get; set; }
}
