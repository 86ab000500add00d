using ChronoLog.Core.Agents;

namespace ChronoLog.Tests.Simulation.Kernel;

/// <summary>A strand of a process, as the scheduler sees it.</summary>
public sealed class SimStrand(SimProcess process, Strand strand)
{
    public SimProcess Process => process;

    public Strand Strand => strand;

    /// <summary>It is in the scheduler's list.</summary>
    public bool IsRunnable { get; set; }
}
