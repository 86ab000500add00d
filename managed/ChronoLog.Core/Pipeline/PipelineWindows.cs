namespace ChronoLog.Core.Pipeline;

/// <summary>How a pipeline cuts time.</summary>
/// <param name="ChunkDurationNanoseconds">Length of a chunk; its start is a multiple of it. Not 0.</param>
/// <param name="AcceptanceWindowNanoseconds">
/// How long after its <i>end</i> a chunk stays open for late events: with chunks of 1 s and a window of 1 s, [0, 1 s)
/// retires at 2 s.
/// </param>
public readonly record struct PipelineWindows(ulong ChunkDurationNanoseconds, ulong AcceptanceWindowNanoseconds)
{
    // Late events of a cold story rather become supplementary StoryFiles than that all of its events wait in memory.
    private const ulong EarlyShare = 4;

    /// <summary>The acceptance window where a story is retired early.</summary>
    /// <param name="window">Nanoseconds: of other stories.</param>
    public static ulong Early(ulong window) => window / EarlyShare;
}
