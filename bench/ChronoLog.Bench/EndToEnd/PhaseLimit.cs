namespace ChronoLog.Bench.EndToEnd;

/// <summary>The raw limit that a phase is held against.</summary>
/// <param name="Name">"floor append", "tcp stream", ...</param>
/// <param name="EventsPerSecond">The limit, in events of the phase's size.</param>
internal readonly record struct PhaseLimit(string Name, double EventsPerSecond);
