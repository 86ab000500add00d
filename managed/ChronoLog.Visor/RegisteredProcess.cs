using ChronoLog.Core.Protocol;

namespace ChronoLog.Visor;

/// <summary>A process as the registry knows it.</summary>
internal sealed class RegisteredProcess(ProcessIdentity identity, long now)
{
    public ProcessIdentity Identity { get; } = identity;

    /// <summary>Monotonic nanoseconds of the last registration or heartbeat, or of the Visor's start.</summary>
    public long LastHeard { get; set; } = now;

    /// <summary>False until the first sign of life after the Visor's start.</summary>
    public bool IsHeard { get; set; } = true;

    public bool IsAlive { get; set; } = true;

    /// <summary>It said that it hands over what it has, and leaves.</summary>
    public bool IsDraining { get; set; }

    /// <summary>It comes from a deployment with other metadata: what is unknown here may exist there.</summary>
    public bool IsStranger { get; init; }

    /// <summary>What it says keeps it from its work; empty = nothing.</summary>
    public string Trouble { get; set; } = "";

    public Dictionary<string, double> Statistics { get; } = new(StringComparer.Ordinal);

    /// <summary>Of the last heartbeat.</summary>
    public ClockReport? Clock { get; set; }

    public Dictionary<ulong, StoryTally> Tallies { get; } = [];
}
