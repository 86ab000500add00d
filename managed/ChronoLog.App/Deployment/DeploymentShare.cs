namespace ChronoLog.App.Deployment;

/// <summary>What one node of a job runs of a deployment, under the eyes of a process that must not be outlived.</summary>
internal sealed record DeploymentShare
{
    /// <summary>Visor, Grapher and Player run here, beside Keepers.</summary>
    public required bool IsRoot { get; init; }

    /// <summary>The Visor's, wherever it runs.</summary>
    public required string Endpoint { get; init; }

    public required string RegistryEndpoint { get; init; }

    /// <summary>Number of this node's first Keeper.</summary>
    public required int FirstKeeper { get; init; }

    /// <summary>First of its Keepers' ports.</summary>
    public required int KeeperPort { get; init; }

    /// <summary>Where this node notes its processes; the deployment's directory is all nodes'.</summary>
    public required string StateDirectory { get; init; }
}
