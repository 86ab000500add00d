namespace ChronoLog.Bench.EndToEnd;

/// <summary>Everything that was measured for one size.</summary>
internal sealed record SizeResult(int Size, LogFloor Floor, IReadOnlyList<PhaseResult> Phases)
{
    /// <summary>Ingestion is to reach at least so many times the minimal log server's appends.</summary>
    public const double IngestBar = 0.3;

    /// <summary>Replay is to reach at least so many times its range read.</summary>
    public const double ReplayBar = 0.2;

    /// <summary>One client's events, recorded one by one, to the journal.</summary>
    public PhaseResult Ingest => Phases.First(phase => phase.Phase == "ingest");

    /// <summary>The slower one of hot and cold.</summary>
    public PhaseResult Replay => Phases.Where(phase => phase.Phase == "replay").MinBy(phase => phase.EventsPerSecond)!;

    public bool MeetsBars => Ingest.Ratio >= IngestBar && Replay.Ratio >= ReplayBar;
}
