using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Faults;

/// <summary>Which faults a run has, and for how long.</summary>
/// <param name="Kinds">Drawn from those allowed.</param>
/// <param name="Chaos">How long they go on.</param>
/// <param name="PauseMax">Longest pause between two of them.</param>
public sealed record FaultPlan(IReadOnlyList<FaultKind> Kinds, TimeSpan Chaos, TimeSpan PauseMax)
{
    // Of the allowed kinds, about a third at a time (swarm testing: Groce et al., ISSTA 2012).
    private const double Share = 0.35;

    // README: with a step of the wall clock the base clock jumps when the Visor moves.
    private static readonly FaultKind[] Apart = [FaultKind.VisorMoves];

    /// <summary>Whoever allows so few wants them all.</summary>
    private const int Few = 3;

    public static IReadOnlyList<FaultKind> Every { get; } = [.. Enum.GetValues<FaultKind>().Except(Apart)];

    public static FaultPlan Draw(SimRandom random, IReadOnlyList<FaultKind> allowed) => new(
        [.. allowed.Where(_ => random.Chance(allowed.Count <= Few ? 1 : Share))],
        random.Between(TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(4)),
        random.Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(800)));
}
