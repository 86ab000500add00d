using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;

namespace ChronoLog.Core.Playback;

/// <summary>
/// Keeps a set of runs alive under one reference count, so that a run merged from hundreds of blocks costs one reference
/// instead of hundreds. It has no memory of its own.
/// </summary>
internal sealed class RunSetBlock : PayloadBlock
{
    private readonly EventRun[] runs;

    /// <param name="runs">References are added.</param>
    public RunSetBlock(IReadOnlyList<EventRun> runs)
    {
        this.runs = new EventRun[runs.Count];
        for (int i = 0; i < runs.Count; i++)
        {
            this.runs[i] = runs[i].AddReference();
        }
    }

    public override nint Address => 0;

    public override long Length => 0;

    protected override void Free()
    {
        foreach (EventRun run in runs)
        {
            run.Release();
        }
    }
}
