using ChronoLog.Core.Chunk;

namespace ChronoLog.Core.Pipeline;

/// <summary>
/// One ingestion thread's side of a story: an active builder that the thread appends to, and a passive one that the
/// pipeline empties. They swap under a lock that is uncontended but for the instant of a swap, so ingestion never waits
/// for sequencing, extraction or reads.
/// </summary>
public sealed class IngestionHandle
{
    private readonly Lock gate = new();
    private EventRunBuilder active = new();
    private EventRunBuilder passive = new();

    internal IngestionHandle()
    {
    }

    /// <summary>Events that the pipeline has not sequenced yet; a moment's value.</summary>
    internal int Pending => active.Count;

    internal long PendingRecordBytes => active.RecordBytes;

    /// <summary>
    /// Opens the active side for a batch of appends. <see cref="Exit"/> must follow on the same thread, soon: readers
    /// wait for it. In between do not call a pipeline, this one or another, but for <see
    /// cref="StoryPipeline.OpenHandle"/>.
    /// </summary>
    public EventRunBuilder Enter()
    {
        gate.Enter();
        return active;
    }

    /// <summary>Ends the batch: from here on a snapshot sees its events.</summary>
    public void Exit() => gate.Exit();

    /// <summary>
    /// Swaps the sides and returns the one that was active, or null when it holds nothing. The pipeline's lock is held:
    /// it alone touches the passive side.
    /// </summary>
    internal EventRunBuilder? Swap()
    {
        lock (gate)
        {
            if (active.Count == 0)
            {
                return null;
            }

            (active, passive) = (passive, active);
            return passive;
        }
    }
}
