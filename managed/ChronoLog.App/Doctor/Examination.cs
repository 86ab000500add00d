using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using ChronoLog.App.Commands;
using ChronoLog.App.Hosting;
using ChronoLog.Core.Settings;
using ChronoLog.Interop.Native;
using ChronoLog.Interop.Posix;
using ChronoLog.Transport.Bulk;
using ChronoLog.Transport.Rings;

namespace ChronoLog.App.Doctor;

/// <summary>Looks at everything outside ChronoLog that it depends on.</summary>
internal static class Examination
{
    // A Keeper holds one descriptor per ring and journal segment, ZeroMQ one per connection.
    private const long OpenFilesWanted = 4096;
    private const long LockedMemoryWanted = 64L << 20;
    private const long SharedMemoryWanted = 64L << 20;

    public static IEnumerable<Finding> Run(string address, string journalDirectory, string archiveDirectory) =>
    [
        .. Libraries(),
        .. Providers(address),
        .. Ports(address),
        Limit("open files", "Max open files", OpenFilesWanted, "ulimit -n 65536 (or LimitNOFILE= in the unit)"),
        Limit("locked memory", "Max locked memory", LockedMemoryWanted, "ulimit -l unlimited: RDMA devices register locked memory"),
        .. Clocks(),
        Directory("shared memory", "/dev/shm", SharedMemoryWanted),
        Directory("journal", journalDirectory, 1L << 30),
        Directory("archive", archiveDirectory, 1L << 30),
    ];

    private static IEnumerable<Finding> Libraries()
    {
        (string Name, string Package)[] libraries =
            [("chrono_native", "ChronoLog itself: set CHRONOLOG_NATIVE_DIR"), ("zmq", "libzmq5"), ("hdf5", "libhdf5-103-1")];
        foreach ((string name, string package) in libraries)
        {
            string? path = NativeLibraries.Find(name);
            bool loaded = NativeLibrary.TryLoad(path ?? name, typeof(NativeLibraries).Assembly, null, out _);
            yield return new Finding($"library {name}", loaded, path ?? "system's search path", loaded ? "" : $"install {package}");
        }

        string? version = FabricProviders.LibfabricVersion(out string? failure);
        yield return version is null
            ? new Finding("library fabric", false, failure ?? "", "install libfabric1")
            : new Finding("library fabric", true, $"version {version}");
    }

    private static IEnumerable<Finding> Providers(string address)
    {
        IReadOnlyList<FabricProviderState> states = FabricProviders.List(address);
        foreach (FabricProviderState state in states)
        {
            // Verbs is missing on every machine without RDMA hardware: that is no fault.
            bool needed = state.Name is "ofi+tcp" or "ofi+shm";
            yield return new Finding(
                $"provider {state.Name}",
                state.Available || !needed,
                state.Available ? state.Detail : $"not available: {state.Detail}",
                state.Available || !needed ? "" : "rebuild or install libfabric with this provider");
        }
    }

    private static IEnumerable<Finding> Ports(string address)
    {
        foreach ((string role, SettingTable table) in ConfigCommand.Tables)
        {
            foreach (Setting<int> port in table.Rows.OfType<Setting<int>>())
            {
                int number = int.Parse(port.Default, CultureInfo.InvariantCulture);
                bool free = IsFree(address, number);
                yield return new Finding(
                    $"port {number}", true,
                    free ? $"free ({role} {port.Name})" : $"in use ({role} {port.Name}): by a running {role}, or choose --{port.Name}");
            }
        }
    }

    private static bool IsFree(string address, int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static Finding Limit(string topic, string row, long wanted, string advice)
    {
        string line = File.ReadLines("/proc/self/limits").First(each => each.StartsWith(row, StringComparison.Ordinal));
        string soft = line[row.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        bool good = soft == "unlimited" || (long.TryParse(soft, out long value) && value >= wanted);
        return new Finding($"limit {topic}", good, soft, good ? "" : advice);
    }

    private static IEnumerable<Finding> Clocks()
    {
        const string Current = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
        string source = File.Exists(Current) ? File.ReadAllText(Current).Trim() : "unknown";
        bool fast = source is "tsc" or "kvm-clock" or "hyperv_clocksource_tsc_page" or "arch_sys_counter";
        yield return new Finding("tick source", true, SharedClock.DescribeSource(out bool isCounter));
        yield return new Finding(
            "clock source", fast || isCounter, $"{source}, the kernel's",
            fast || isCounter
                ? ""
                : "reading this clock is a system call: boot with clocksource=tsc where the processor's is invariant");
    }

    private static Finding Directory(string topic, string path, long wanted)
    {
        string existing = Path.GetFullPath(path);
        while (!System.IO.Directory.Exists(existing))
        {
            existing = Path.GetDirectoryName(existing) ?? "/";
        }

        (long available, _) = PosixFileSystem.Space(existing);
        string detail = $"{path} on {PosixFileSystem.TypeName(existing)}, {available >> 20} MiB free";
        return new Finding(
            $"directory {topic}", available >= wanted, detail,
            available >= wanted ? "" : $"make room, or choose another directory: {wanted >> 20} MiB are wanted");
    }
}
