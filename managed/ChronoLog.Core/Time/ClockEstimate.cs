namespace ChronoLog.Core.Time;

/// <summary>What is known of the base clock at one moment of the local clock.</summary>
/// <param name="Tick">The base clock, most likely.</param>
/// <param name="Drift">By how much the base clock runs faster than the local one: 1e-5 = ten parts in a million.</param>
/// <param name="Uncertainty">Nanoseconds: the true base tick is within Tick ± this.</param>
/// <param name="DriftUncertainty">The true drift is within Drift ± this: so the uncertainty grows with the age.</param>
public readonly record struct ClockEstimate(ulong Tick, double Drift, ulong Uncertainty, double DriftUncertainty);
