namespace ChronoLog.Tests.Cluster.Deployments;

/// <summary>What a deployment is started with.</summary>
internal sealed record DeploymentSetup
{
    public string Fabric { get; init; } = "ofi+tcp";

    public int Keepers { get; init; } = 2;

    public string Window { get; init; } = "500ms";

    /// <summary>Further arguments of <c>chronolog up</c>.</summary>
    public IReadOnlyList<string> More { get; init; } = [];

    /// <summary>ROLE.SETTING=VALUE each.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>
    /// Called with the deployment's directory before anything runs: mounts file systems there, puts files there. What
    /// it returns is disposed, last first, when everything has ended, and before the directory is deleted.
    /// </summary>
    public Func<string, IReadOnlyList<IDisposable>> Prepare { get; init; } = _ => [];

    public string[] Arguments(string directory, int port) =>
    [
        "up", "--detach", "--dir", directory, "--keepers", $"{Keepers}", "--window", Window, "--fabric", Fabric,
        "--port-base", $"{port}", .. More, .. Settings.SelectMany(setting => new[] { "--set", setting }),
    ];
}
