using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Fabric;

/// <summary>
/// Sleeps of less than a millisecond, which Thread.Sleep does not have: for the polling of providers that cannot wait.
/// </summary>
public static unsafe partial class ShortSleep
{
    /// <param name="microseconds">0 to 999,999; the system adds its timer slack of about 50.</param>
    public static void Microseconds(int microseconds)
    {
        long* duration = stackalloc long[2];
        duration[0] = 0;
        duration[1] = microseconds * 1000L;
        _ = Nanosleep(duration, null);
    }

    [LibraryImport(NativeLibraries.C, EntryPoint = "nanosleep")]
    private static partial int Nanosleep(long* duration, long* remaining);
}
