namespace ChronoLog.App.Deployment;

/// <summary>What <c>chronolog up</c> was asked for.</summary>
internal sealed record DeploymentOptions
{
    public required string Directory { get; init; }

    public int Groups { get; init; } = 1;

    /// <summary>Keepers per group.</summary>
    public int Keepers { get; init; } = 1;

    /// <summary>First port; null = the well-known ports.</summary>
    public int? PortBase { get; init; }

    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Acceptance window of the Keepers; null = the settings' defaults. Everything else follows from it.</summary>
    public TimeSpan? Window { get; init; }

    /// <summary>Journals lie in a folder of each Keeper's name in it; null: in "journal" of the directory.</summary>
    public string? JournalDirectory { get; init; }

    public string Fabric { get; init; } = "auto";

    /// <summary>Whether a process that dies is started again.</summary>
    public bool Restart { get; init; } = true;

    /// <summary>The part of a deployment over several nodes that runs here; null: all of it does.</summary>
    public DeploymentShare? Share { get; init; }

    /// <summary>Further settings for every process of a role: "keeper.journal-quota=1GiB".</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];
}
