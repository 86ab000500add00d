using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Hdf5;

/// <summary>
/// The loaded libhdf5. Every sequence of calls happens between <see cref="Enter"/> and the disposal of what it
/// returned: this serialises the calls when the library is not thread-safe, and keeps HDF5 from printing errors to
/// stderr.
/// </summary>
public static unsafe partial class Hdf5Library
{
    private static readonly Lock Gate = new();
    private static readonly ConcurrentDictionary<string, long> Identifiers = new();
    private static readonly Lazy<State> Loaded = new(Load);

    // The switch is a property of the thread's error stack in a thread-safe library.
    [ThreadStatic]
    private static bool quiet;

    /// <summary>For example 1.10.8.</summary>
    /// <exception cref="DllNotFoundException">There is no libhdf5; the message says what to install.</exception>
    /// <exception cref="Hdf5Exception">It is older than 1.10.</exception>
    public static Version Version => Loaded.Value.Version;

    /// <summary>What <c>H5is_library_threadsafe</c> says.</summary>
    public static bool IsThreadSafe => Loaded.Value.ThreadSafe;

    /// <summary>
    /// Opens a section of calls on this thread. Sections may be nested; nothing is awaited within one.
    /// </summary>
    public static Section Enter()
    {
        bool locked = !Loaded.Value.ThreadSafe;
        if (locked)
        {
            Gate.Enter();
        }

        if (!quiet)
        {
            _ = H5E.set_auto(H5E.DEFAULT, 0, 0);
            quiet = true;
        }

        return new Section(locked);
    }

    /// <summary>An identifier that the library exports as a variable.</summary>
    internal static long Identifier(string variable) => Identifiers.GetOrAdd(
        variable, static name => *(long*)NativeLibrary.GetExport(Loaded.Value.Handle, name));

    /// <summary>Throws with HDF5's error stack when the result is negative.</summary>
    internal static long Check(long result, string what, string path) => result >= 0
        ? result
        : throw new Hdf5Exception($"HDF5 could not {what} in '{path}': {H5E.TakeMessages()}");

    private static State Load()
    {
        // Our files are locked by flock while they are written, and never written afterwards. HDF5's own lock would
        // meet ours, and fails on file systems without locks. It reads the C environment, which Environment does not
        // change.
        _ = SetEnvironment("HDF5_USE_FILE_LOCKING", "FALSE", 1);
        string name = NativeLibraries.Find(NativeLibraries.Hdf5)
            ?? throw new DllNotFoundException("libhdf5 was not found: install libhdf5-103");
        nint handle = NativeLibrary.Load(name);
        // At exit HDF5 would flush what is still open: only files whose close failed, and then it crashes.
        _ = H5.dont_atexit();
        if (H5.open() < 0 || H5.get_libversion(out uint major, out uint minor, out uint release) < 0)
        {
            throw new Hdf5Exception($"'{name}' could not be initialised: {H5E.TakeMessages()}");
        }

        var version = new Version((int)major, (int)minor, (int)release);
        if (version < new Version(1, 10, 0))
        {
            throw new Hdf5Exception($"'{name}' is version {version}; ChronoLog needs 1.10 or later");
        }

        uint threadSafe = 0;
        _ = H5.is_library_threadsafe(&threadSafe);
        return new State(handle, version, threadSafe != 0);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    private sealed record State(nint Handle, Version Version, bool ThreadSafe);

    /// <summary>Ends the section when disposed, on the thread that entered it.</summary>
    public readonly ref struct Section(bool locked)
    {
        public void Dispose()
        {
            if (locked)
            {
                Gate.Exit();
            }
        }
    }
}
