namespace ChronoLog.Tests.Simulation.Bugs;

/// <summary>Which defects a run has; none but in the tests of the checker.</summary>
public sealed class PlantedBugs(params PlantedBug[] planted)
{
    public static PlantedBugs None { get; } = new();

    public IReadOnlyList<PlantedBug> All => planted;

    public bool Has(PlantedBug bug) => Array.IndexOf(planted, bug) >= 0;
}
