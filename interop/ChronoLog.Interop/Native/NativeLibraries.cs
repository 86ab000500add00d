using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Native;

/// <summary>
/// Where the native libraries of this assembly's <c>LibraryImport</c>s are found. Short names in the signatures,
/// sonames and search order here; nothing is loaded before its first call.
/// </summary>
public static class NativeLibraries
{
    /// <summary>ChronoLog's own C: rings, recorder, clock, and the libfabric shim.</summary>
    public const string Chrono = "chrono_native";

    /// <summary>libzmq, the reference implementation of ZMTP.</summary>
    public const string Zmq = "zmq";

    /// <summary>The serial, thread-safe build of libhdf5.</summary>
    public const string Hdf5 = "hdf5";

    /// <summary>The C library: fsync, fdatasync, msync, whose errors the managed calls hide.</summary>
    public const string C = "c";

    /// <summary>A directory that is searched before all others for <see cref="Chrono"/>.</summary>
    public const string DirectoryVariable = "CHRONOLOG_NATIVE_DIR";

    private static int registered;

    /// <summary>Installs the resolver; runs before any code of this assembly, and may be called again.</summary>
#pragma warning disable CA2255 // a library with native parts is what a module initializer is for
    [ModuleInitializer]
#pragma warning restore CA2255
    public static void Register()
    {
        if (Interlocked.Exchange(ref registered, 1) == 0)
        {
            NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Resolve);
        }
    }

    /// <summary>
    /// The file or soname that a short name was found under, and null when none of the candidates loads.
    /// </summary>
    public static string? Find(string name)
    {
        foreach (string candidate in Candidates(name))
        {
            if (NativeLibrary.TryLoad(candidate, out nint library))
            {
                NativeLibrary.Free(library);
                return candidate;
            }
        }

        return null;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        nint library;
        foreach (string candidate in Candidates(name))
        {
            if (NativeLibrary.TryLoad(candidate, out library))
            {
                return library;
            }
        }

        // Of a package: where its runtimes/RID/native lies only the runtime knows.
        if (name == Chrono && NativeLibrary.TryLoad(name, assembly, searchPath, out library))
        {
            return library;
        }

        return Known(name) ? throw new DllNotFoundException(Explain(name)) : 0;
    }

    private static bool Known(string name) => name is Chrono or Zmq or Hdf5 or C or "libc";

    private static IEnumerable<string> Candidates(string name) => name switch
    {
        Chrono => ChronoCandidates(),
        Zmq => ["libzmq.so.5", "libzmq.so"],
        Hdf5 => ["libhdf5_serial.so.103", "libhdf5.so.103", "libhdf5_serial.so", "libhdf5.so"],
        C or "libc" => ["libc.so.6"],
        _ => [],
    };

    /// <summary>
    /// Only directories that belong to the installation or the repository; never the working directory.
    /// </summary>
    private static IEnumerable<string> ChronoCandidates()
    {
        const string File = "libchrono_native.so";
        string? given = Environment.GetEnvironmentVariable(DirectoryVariable);
        if (!string.IsNullOrEmpty(given))
        {
            yield return Path.GetFullPath(Path.Combine(given, File));
        }

        yield return Path.Combine(AppContext.BaseDirectory, File);
        yield return Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "lib", File));
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null;
             directory = directory.Parent)
        {
            string candidate = Path.Combine(directory.FullName, "artifacts", "lib", File);
            if (System.IO.File.Exists(candidate))
            {
                yield return candidate;
            }
        }
    }

    private static string Explain(string name)
    {
        string hint = name switch
        {
            Zmq => "install libzmq5",
            Hdf5 => "install libhdf5-103",
            Chrono => $"run './build.sh build', or set {DirectoryVariable} to the directory that holds it",
            _ => "it belongs to the system",
        };
        return $"native library '{name}' was not found (tried {string.Join(", ", Candidates(name))}): {hint}";
    }
}
