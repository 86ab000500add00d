using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Extraction;

/// <summary>
/// A chunk on its way out of a process. The chunk must not change any more: several streams and readers may merge it at
/// the same time. Whoever made the retired chunk owns it and keeps it readable until every extractor has taken it.
/// </summary>
/// <param name="Story">The story, with its chronicle's attributes.</param>
/// <param name="Chunk">The events, in [startTime, endTime).</param>
/// <param name="Identity">Names the chunk to the receiver, also when it is sent again.</param>
/// <param name="Complete">All Keepers' events merged; false for one Keeper's part.</param>
/// <param name="MergedFrom">
/// Of a merged chunk: the partials that are wholly in StoryFiles once this chunk is in one. (Not simply all that it
/// holds events of: after a restart the names in the files say what need not be pulled again.) With the chunk's own
/// identity if it holds events of others too, so that equal lists mean equal events.
/// </param>
/// <param name="Supplementary">Events that came after their range had been archived.</param>
public sealed record RetiredChunk(
    StoryDescriptor Story,
    StoryChunk Chunk,
    PartialIdentity Identity,
    bool Complete,
    IReadOnlyList<PartialIdentity> MergedFrom,
    bool Supplementary)
{
    /// <summary>Of a chronicle whose stories go before others.</summary>
    public bool IsPriority { get; } = ChronicleAttributes.IsPriority(Story.Attributes);
    /// <summary>
    /// How many of its events came late: after their chunk's window had passed at a Keeper, or below a watermark that was
    /// stated. Copies that are dropped later are counted too.
    /// </summary>
    public long LateEvents { get; init; }

    /// <summary>Historical events of an import, in a range of their own.</summary>
    public bool IsImport { get; init; }
}
