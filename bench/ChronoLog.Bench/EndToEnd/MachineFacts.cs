using System.Runtime.InteropServices;

namespace ChronoLog.Bench.EndToEnd;

/// <summary>What the numbers were measured on.</summary>
internal static class MachineFacts
{
    public static IReadOnlyList<(string Name, string Value)> Read(BenchOptions options) =>
    [
        .. ReadMachine(),
        ("directory", $"{options.Directory} ({FileSystem(options.Directory)})"),
        ("data plane", options.Provider),
        ("deployment", "1 Visor, 1 Keeper, 1 Grapher, 1 Player"),
        ("settings", string.Join(", ", PrivateDeployment.Settings(options))),
    ];

    public static IReadOnlyList<(string Name, string Value)> ReadMachine() =>
    [
        ("cpu", $"{CpuModel()}, {Environment.ProcessorCount} processors"),
        ("memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:0.0} GB"),
        ("system", $"{RuntimeInformation.OSDescription}, client {RuntimeInformation.FrameworkDescription}"),
        ("load average before", Load()),
    ];

    /// <summary>Of one, five and fifteen minutes: above a fraction of the processors, others disturb.</summary>
    public static string Load() => string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]);

    private static string CpuModel() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            is { } line
                ? line[(line.IndexOf(':', StringComparison.Ordinal) + 2)..]
                : RuntimeInformation.ProcessArchitecture.ToString();

    private static string FileSystem(string directory) =>
        DriveInfo.GetDrives()
            .Where(drive => directory.StartsWith(drive.RootDirectory.FullName, StringComparison.Ordinal))
            .MaxBy(drive => drive.RootDirectory.FullName.Length) is { } drive
                ? $"{drive.DriveFormat} on {drive.RootDirectory.FullName}" : "unknown";
}
