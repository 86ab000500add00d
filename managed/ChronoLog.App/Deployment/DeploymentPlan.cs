using System.Globalization;
using ChronoLog.App.Commands;
using ChronoLog.App.Hosting;
using ChronoLog.Core.Settings;

namespace ChronoLog.App.Deployment;

/// <summary>The processes of a local deployment, their ports and directories, worked out from the options.</summary>
internal sealed class DeploymentPlan
{
    private static readonly TimeSpan StopMargin = TimeSpan.FromSeconds(10);

    private readonly DeploymentOptions options;

    public DeploymentPlan(DeploymentOptions options)
    {
        this.options = options;
        int portal = options.PortBase ?? 5555;
        int registry = options.PortBase + 1 ?? 8888;
        Endpoint = options.Share?.Endpoint ?? Tcp(portal);
        RegistryEndpoint = options.Share?.RegistryEndpoint ?? Tcp(registry);
        Visor = !IsRoot ? null : Plan("visor", "visor", [
            "--portal-port", Text(portal), "--registry-port", Text(registry),
            "--database", System.IO.Path.Combine(options.Directory, "chrono-visor.db"),
            .. Heartbeats(),
        ]);
        Members = [.. Enumerable.Range(0, options.Groups).SelectMany(PlanGroup)];
    }

    /// <summary>The client portal: what clients connect to.</summary>
    public string Endpoint { get; }

    public string RegistryEndpoint { get; }

    /// <summary>Null where another node has it.</summary>
    public ProcessPlan? Visor { get; }

    /// <summary>Grapher, Player and Keepers of every group, in the order of starting.</summary>
    public IReadOnlyList<ProcessPlan> Members { get; }

    private string JournalDirectory => options.JournalDirectory ?? System.IO.Path.Combine(options.Directory, "journal");

    private bool IsRoot => options.Share?.IsRoot ?? true;

    private IEnumerable<ProcessPlan> PlanGroup(int group)
    {
        string archive = System.IO.Path.Combine(options.Directory, "archive", $"group-{group}");
        string[] member = ["--visor", RegistryEndpoint, "--group", Text(group), "--fabric", options.Fabric];
        var (drain, grapherAdmin, query, playerAdmin) = options.PortBase is { } first
            ? (first + 2 + (4 * group), first + 3 + (4 * group), first + 4 + (4 * group), first + 5 + (4 * group))
            : (9999 + group, 3333 + group, 2225 + (10 * group), 2222 + (10 * group));
        foreach (ProcessPlan each in IsRoot ? PlanStorage() : [])
        {
            yield return each;
        }

        for (int i = 0; i < options.Keepers; i++)
        {
            int number = (options.Share?.FirstKeeper ?? (group * options.Keepers)) + i;
            var (recording, admin) = options.Share is { } share
                ? (share.KeeperPort + (2 * i), share.KeeperPort + 1 + (2 * i))
                : options.PortBase is { } start
                ? (start + 2 + (4 * options.Groups) + (2 * number), start + 3 + (4 * options.Groups) + (2 * number))
                : (6666 + number, 4444 + number);
            yield return Plan("keeper", $"keeper-{number}", [
                .. member, "--recording-port", Text(recording), "--admin-port", Text(admin),
                "--journal-directory", System.IO.Path.Combine(JournalDirectory, $"keeper-{number}"),
                .. Windows(chunkParts: 1, windowParts: 1), .. LeftBehind($"keeper-{number}"),
            ]);
        }

        IEnumerable<ProcessPlan> PlanStorage()
        {
            yield return Plan("grapher", $"grapher-{group}", [
                .. member, "--drain-port", Text(drain), "--admin-port", Text(grapherAdmin),
                "--archive-directory", archive, .. Windows(chunkParts: 2, windowParts: 2),
                .. LeftBehind($"grapher-{group}"),
            ]);
            yield return Plan("player", $"player-{group}", [
                .. member, "--query-port", Text(query), "--admin-port", Text(playerAdmin), "--archive-directory", archive,
            ]);
        }
    }

    // The Keeper's chunk is as long as its window, as in the defaults; the Grapher's are twice that.
    private IEnumerable<string> Windows(int chunkParts, int windowParts) => options.Window is { } window
        ? ["--chunk-duration", Duration(window * chunkParts), "--acceptance-window", Duration(window * windowParts)]
        : [];

    private IEnumerable<string> LeftBehind(string name)
    {
        var state = new DeploymentState(options.Share?.StateDirectory ?? options.Directory);
        return ["--left-behind-file", System.IO.Path.Combine(state.LeftBehindDirectory, name)];
    }

    private IEnumerable<string> Heartbeats() => options.Window is { } window && window < TimeSpan.FromSeconds(10)
        ? ["--heartbeat-period", "200ms"]
        : [];

    private ProcessPlan Plan(string role, string name, IReadOnlyList<string> arguments)
    {
        string log = System.IO.Path.Combine(options.Directory, "logs", name + ".log");
        string[] own = ["--name", name, "--address", options.Address, "--log-file", log, .. arguments];
        string[] given = [.. Extra(role)];
        return new(role, name, log, StopDeadline(role), [
            ServerCommand.OwnSession.Name, .. EndWith(), .. Without(own, given), .. given,
        ]);
    }

    private IEnumerable<string> EndWith() =>
        options.Share is null ? [] : [ServerCommand.EndWith.Name, Text(Environment.ProcessId)];

    // A little longer than the process may take to drain: what it has to say about that must not be cut off.
    private TimeSpan StopDeadline(string role)
    {
        string prefix = $"{role}.{DrainSettings.DrainDeadline.Name}=";
        string? given = options.Settings.LastOrDefault(setting => setting.StartsWith(prefix, StringComparison.Ordinal));
        string text = given?[prefix.Length..] ?? DrainSettings.DrainDeadline.Default;
        return SettingKinds.TryReadDuration(text, out TimeSpan drain) ? drain + StopMargin : StopMargin;
    }

    // What --set says of a setting counts, whatever else of --window and the like would say so too.
    private static IEnumerable<string> Without(IReadOnlyList<string> arguments, IEnumerable<string> extra)
    {
        HashSet<string> given = [.. extra.Where(static each => each.StartsWith("--", StringComparison.Ordinal))];
        return arguments.Chunk(2).Where(pair => !given.Contains(pair[0])).SelectMany(static pair => pair);
    }

    private IEnumerable<string> Extra(string role)
    {
        foreach (string setting in options.Settings)
        {
            string[] parts = setting.Split('=', 2);
            string[] names = parts[0].Split('.', 2);
            if (names.Length == 2 && names[0] == role)
            {
                yield return "--" + names[1];
                yield return parts[1];
            }
        }
    }

    private string Tcp(int port) => $"tcp://{options.Address}:{port}";

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Duration(TimeSpan value) =>
        value.TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture) + "ms";
}
