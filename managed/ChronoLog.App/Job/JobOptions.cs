using ChronoLog.App.Deployment;
using ChronoLog.Core.Launch;

namespace ChronoLog.App.Job;

/// <summary>What <c>chronolog up --mpi</c> was asked for; the same in every rank but for the rank.</summary>
internal sealed record JobOptions
{
    /// <summary>Keepers are those of one node; the address is not set yet.</summary>
    public required DeploymentOptions Deployment { get; init; }

    public required LaunchedRank Rank { get; init; }

    /// <summary>As given: an address, an interface, a network; null: to be found.</summary>
    public string? Address { get; init; }

    /// <summary>Program and arguments; empty: the deployment serves until it is stopped.</summary>
    public IReadOnlyList<string> Application { get; init; } = [];

    /// <summary>How long applications may go on after one has failed, and how long after a SIGTERM.</summary>
    public TimeSpan Grace { get; init; }

    /// <summary>How long the ranks wait for each other while none comes.</summary>
    public TimeSpan RankDeadline { get; init; }

    /// <summary>
    /// Whether signals with a meaning of the application's own (USR1, USR2) have to be passed on. Not from a launcher: mpirun sends
    /// them to a rank's process group, srun to all of its processes, and the application would get them twice.
    /// </summary>
    public bool PassesUserSignals { get; init; }
}
