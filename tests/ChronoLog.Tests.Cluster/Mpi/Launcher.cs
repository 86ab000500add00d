using ChronoLog.Tests.Cluster.Abi;

namespace ChronoLog.Tests.Cluster.Mpi;

/// <summary>How Open MPI and MPICH start a program.</summary>
internal static class Launcher
{
    public static readonly string[] All = ["openmpi", "mpich"];

    public static string Bench { get; } = Path.Combine(Consumer.Root, "artifacts", "bin", "chronolog-bench");

    /// <summary>The number of this process among its fellows, in a shell that an MPI has started.</summary>
    public const string RankVariable = "${OMPI_COMM_WORLD_RANK:-$PMI_RANK}";

    /// <summary>How a launcher is called.</summary>
    internal sealed record CommandLine(string Program, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment);

    public static LaunchedProgram Start(
        string mpi, int ranks, IReadOnlyList<string> program, IReadOnlyDictionary<string, string>? environment = null)
    {
        CommandLine command = CommandOf(mpi, ranks, program, environment);
        return LaunchedProgram.Start(command.Program, command.Arguments, command.Environment);
    }

    public static CommandLine CommandOf(
        string mpi, int ranks, IReadOnlyList<string> program, IReadOnlyDictionary<string, string>? environment = null)
    {
        // More ranks than processors, as root, and no other network than the loopback: what tests are, and users are not.
        string[] options = mpi == "openmpi"
            ? ["--oversubscribe", "--mca", "oob_tcp_if_include", "lo", "--mca", "btl", "self,vader"]
            : ["-iface", "lo"];
        return new CommandLine(
            "mpirun." + mpi,
            [.. options, "-n", $"{ranks}", .. program],
            new Dictionary<string, string>(environment ?? new Dictionary<string, string>())
            {
                ["OMPI_ALLOW_RUN_AS_ROOT"] = "1",
                ["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1",
            });
    }

    public static Task<LaunchedProgram.Outcome> RunAsync(
        string mpi, int ranks, IReadOnlyList<string> program, IReadOnlyDictionary<string, string>? environment = null) =>
        Start(mpi, ranks, program, environment).EndAsync();
}
