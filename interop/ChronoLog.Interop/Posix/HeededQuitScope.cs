using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Posix;

/// <summary>
/// Children that are started while it lasts do not inherit that this process ignores SIGQUIT, as a shell tells whatever a script
/// runs with &amp;. A runtime that finds a signal ignored at its start takes it for none of its business.
/// </summary>
public sealed partial class HeededQuitScope : IDisposable
{
    private const nint Default = 0; // SIG_DFL
    private const nint Ignore = 1; // SIG_IGN

    private readonly bool isIgnored = PosixProcess.IsIgnored(PosixProcess.SignalQuit);

    public HeededQuitScope()
    {
        if (isIgnored)
        {
            _ = SetSignal(PosixProcess.SignalQuit, Default);
        }
    }

    public void Dispose()
    {
        if (isIgnored)
        {
            _ = SetSignal(PosixProcess.SignalQuit, Ignore);
        }
    }

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint SetSignal(int signal, nint handler);
}
