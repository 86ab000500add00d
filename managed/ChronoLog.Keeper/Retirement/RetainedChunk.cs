using ChronoLog.Core.Chunk;
using ChronoLog.Core.Protocol;
using ChronoLog.Keeper.Stories;

namespace ChronoLog.Keeper.Retirement;

/// <summary>
/// A chunk that left the pipeline and is kept readable until it is archived. It owns the chunk, and through it the
/// references on journal segments. On the role's strand.
/// </summary>
/// <remarks>
/// <code>
///                     named            extracted               archived
///   (retired) Unnamed ------> Announcing ------> HandedOver -----------> released
///                             ^   | failed: again     | Grapher replaced,
///                             +---+ after a pause     | or no notice for long
///                             ^-----------------------+
/// </code>
/// </remarks>
public sealed class RetainedChunk(KeeperStory story, StoryChunk chunk, PartialIdentity identity)
{
    public KeeperStory Story { get; } = story;

    public StoryChunk Chunk { get; } = chunk;

    public PartialIdentity Identity { get; } = identity;

    public RetainedState State { get; set; } = RetainedState.Unnamed;

    /// <summary>
    /// It is archived or its story was destroyed: to be released as soon as no extraction stream reads it.
    /// </summary>
    public bool IsFinished { get; set; }

    /// <summary>Epoch of the Grapher that has it in its memory; 0 = it did not say.</summary>
    public ulong HandedOverTo { get; set; }

    /// <summary>Monotonic nanoseconds of the last handing over.</summary>
    public long HandedOverAt { get; set; }
}
