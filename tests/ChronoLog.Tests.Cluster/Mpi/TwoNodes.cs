using ChronoLog.Tests.Cluster.Deployments;
using ChronoLog.Tests.Cluster.Faults;
using Signals = ChronoLog.Tests.Cluster.Deployments.Signals;

namespace ChronoLog.Tests.Cluster.Mpi;

/// <summary>
/// Two nodes on this machine: each has a network, host name and /dev/shm of its own (Linux namespaces), a pair of virtual
/// interfaces joins them. All of it ends with the two processes that hold the namespaces. Files and process numbers are shared.
/// </summary>
internal sealed class TwoNodes : IAsyncDisposable
{
    // Beside the address that leads to the other node each has one that both have, as bridges of containers do.
    private const string SharedByAll = "172.31.255.1/24";
    private const string HoldSeconds = "1000";

    private readonly List<LaunchedProgram> holders = [];
    private readonly string agent;

    private TwoNodes(string directory) => agent = Path.Combine(directory, "agent.sh");

    /// <summary>By which the nodes reach each other.</summary>
    public static IReadOnlyList<string> Addresses { get; } = ["10.77.0.1", "10.77.0.2"];

    /// <summary>Null when this machine lets a test make namespaces, else what is missing.</summary>
    public static string? Missing() =>
        SystemCommand.Try("unshare", "--net", "--mount", "--uts", "ip", "link")
        ?? SystemCommand.Try("nsenter", "--version");

    /// <param name="directory">For the script by which a launcher reaches the nodes.</param>
    public static async Task<TwoNodes> StartAsync(string directory)
    {
        var nodes = new TwoNodes(directory);
        try
        {
            for (int node = 0; node < Addresses.Count; node++)
            {
                await nodes.HoldAsync(node);
            }

            nodes.Join();
            await nodes.WriteAgentAsync();
            return nodes;
        }
        catch
        {
            await nodes.DisposeAsync();
            throw;
        }
    }

    /// <summary>A parallel program, its ranks in turn on both nodes; the launcher runs on the first.</summary>
    public LaunchedProgram Start(string mpi, int ranks, IReadOnlyList<string> program)
    {
        string hosts = string.Join(',', Addresses);
        string slots = string.Join(',', Addresses.Select(address => address + ":8"));
        string[] launcher = mpi == "openmpi"
            ? [
                "mpirun.openmpi", "--oversubscribe", "--mca", "plm_rsh_agent", agent, "--mca", "oob_tcp_if_include", "10.77.0.0/24",
                "--mca", "btl", "self,vader,tcp", "--mca", "btl_tcp_if_include", "10.77.0.0/24", "--host", slots, "--map-by", "node",
            ]
            : ["mpirun.mpich", "-launcher", "rsh", "-launcher-exec", agent, "-iface", "eth0", "-hosts", hosts];
        return LaunchedProgram.Start(
            "nsenter", [.. Enter(0), .. launcher, "-n", $"{ranks}", .. program],
            new Dictionary<string, string> { ["OMPI_ALLOW_RUN_AS_ROOT"] = "1", ["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1" });
    }

    /// <summary>A program on one of the nodes, run to its end.</summary>
    public Task<LaunchedProgram.Outcome> RunAsync(int node, params string[] program) =>
        LaunchedProgram.Start("nsenter", [.. Enter(node), .. program], new Dictionary<string, string>()).EndAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (LaunchedProgram holder in holders)
        {
            Signals.TryKill(holder.Pid);
            await holder.EndAsync();
            holder.Dispose();
        }
    }

    private async Task HoldAsync(int node)
    {
        string script = $"mount -t tmpfs -o size=1g tmpfs /dev/shm; hostname test-node-{node}; ip link set lo up; echo up; "
            + $"exec sleep {HoldSeconds}";
        LaunchedProgram holder = LaunchedProgram.Start(
            "unshare",
            ["--net", "--mount", "--uts", "--propagation", "private", "sh", "-ec", script],
            new Dictionary<string, string>());
        holders.Add(holder);
        await Waiting.UntilAsync(() => holder.Output.Contains("up\n", StringComparison.Ordinal), $"node {node}");
    }

    private void Join()
    {
        Inside(0, "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", $"{holders[1].Pid}");
        for (int node = 0; node < Addresses.Count; node++)
        {
            Inside(node, "ip", "addr", "add", SharedByAll, "dev", "lo");
            Inside(node, "ip", "addr", "add", Addresses[node] + "/24", "dev", "eth0");
            Inside(node, "ip", "link", "set", "eth0", "up");
        }
    }

    // What rsh is for others: options, a host, and words for its shell.
    private async Task WriteAgentAsync()
    {
        await File.WriteAllTextAsync(
            agent,
            $"""
            #!/bin/sh
            while :; do case $1 in -*) shift ;; *) break ;; esac; done
            case $1 in {Addresses[0]}) node={holders[0].Pid} ;; *) node={holders[1].Pid} ;; esac
            shift
            exec nsenter --target $node --net --mount --uts sh -c "$*"

            """);
        File.SetUnixFileMode(agent, (UnixFileMode)Convert.ToInt32("755", 8));
    }

    // Only the network: what configures it is in the files of both.
    private void Inside(int node, params string[] command) =>
        SystemCommand.Run("nsenter", ["--target", $"{holders[node].Pid}", "--net", .. command]);

    private string[] Enter(int node) => ["--target", $"{holders[node].Pid}", "--net", "--mount", "--uts"];
}
