using ChronoLog.Core.Chunk;

namespace ChronoLog.Core.Pipeline;

/// <summary>
/// The runs of a range as they were at one moment: references, no copies. Holds the runs and their blocks until it is
/// disposed; merge them with <see cref="MergeCursor.Over(IEnumerable{EventRun})"/>. Its owner's, one thread at a time.
/// </summary>
public sealed class PipelineSnapshot : IDisposable
{
    private readonly List<EventRun> runs;

    internal PipelineSnapshot(List<EventRun> runs) => this.runs = runs;

    /// <summary>Sorted runs, chunk by chunk; empty after <see cref="Dispose"/>.</summary>
    public IReadOnlyList<EventRun> Runs => runs;

    public void Dispose()
    {
        foreach (EventRun run in runs)
        {
            run.Release();
        }

        runs.Clear();
    }
}
