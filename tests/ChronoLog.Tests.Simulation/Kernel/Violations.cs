namespace ChronoLog.Tests.Simulation.Kernel;

/// <summary>Promises that were broken. The first one ends the run.</summary>
public sealed class Violations
{
    private readonly List<string> found = [];

    public bool Any => found.Count > 0;

    public IReadOnlyList<string> Found => found;

    /// <param name="promise">Its short name.</param>
    /// <param name="what">What was seen instead.</param>
    public void Add(string promise, string what) => found.Add($"{promise}: {what}");
}
