using ChronoLog.Core.Chunk;
using ChronoLog.Grapher.Collection;

namespace ChronoLog.Grapher.Building;

/// <summary>A parsed image: its events, and the chunks they belong to. Whoever takes it over owns the run.</summary>
internal sealed record BuiltRun(PullRequest Request, EventRun Run, IReadOnlyList<PieceSpan> Spans);
