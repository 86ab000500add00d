using System.Globalization;
using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Posix;

/// <summary>What a daemon and its supervisor need of processes.</summary>
public static partial class PosixProcess
{
    internal const int SignalQuit = 3;

    // O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC
    private const int OpenFlags = 0x1 | 0x40 | 0x400 | 0x20000 | 0x80000;
    private const int CloseOnExec = 0x80000; // O_CLOEXEC
    private const int CurrentDirectory = -100;
    private const uint LogFileMode = 0x1A0; // 0640
    private const string IgnoredSignals = "SigIgn:";
    private const int SignalTerm = 15;
    private const int SignalKill = 9;

    /// <summary>
    /// Appends standard output and error to a file from now on, and reads standard input from nowhere.
    /// </summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static void RedirectOutput(string path)
    {
        int file = OpenLog(path);
        int nothing = OpenNothing();
        _ = Libc.Dup2(nothing, 0);
        _ = Libc.Dup2(file, 1);
        _ = Libc.Dup2(file, 2);
        _ = Libc.Close(nothing);
        _ = Libc.Close(file);
    }

    /// <summary>
    /// Descriptors above standard error that this process was given are closed in the children it starts: whoever waits
    /// for the end of a pipe must not wait for a daemon that never knew of it.
    /// </summary>
    public static void KeepDescriptorsFromChildren()
    {
        foreach (string entry in Directory.GetFileSystemEntries("/proc/self/fd"))
        {
            if (int.TryParse(Path.GetFileName(entry), out int descriptor) && descriptor > 2)
            {
                // One of them was the listing's and is closed by now: that fails, and does no harm.
                _ = Libc.Fcntl(descriptor, Libc.SetDescriptorFlags, Libc.CloseOnExec);
            }
        }
    }

    /// <summary>Leaves the terminal and the process group of whoever started this process.</summary>
    public static void LeaveSession() => _ = SetSid();

    /// <summary>Asks a process to end. False when there is no such process.</summary>
    public static bool Terminate(int pid) => pid > 1 && Kill(pid, SignalTerm) == 0;

    /// <summary>Orders a process to end that heeds no SIGTERM. False when there is no such process.</summary>
    public static bool Quit(int pid) => pid > 1 && Kill(pid, SignalQuit) == 0;

    /// <summary>Whether this process ignores a signal: as it was started (nohup, a shell's &amp;), if it did not change it.</summary>
    public static bool IsIgnored(int signal) => File.ReadLines("/proc/self/status")
        .Where(line => line.StartsWith(IgnoredSignals, StringComparison.Ordinal))
        .Select(line => line[IgnoredSignals.Length..].Trim())
        .Select(mask => ulong.Parse(mask, NumberStyles.HexNumber, CultureInfo.InvariantCulture))
        .Any(mask => (mask >> (signal - 1) & 1) != 0); // the lowest bit is signal 1

    /// <summary>Sends any signal. False when there is no such process.</summary>
    public static bool Signal(int pid, int signal) => pid > 1 && Kill(pid, signal) == 0;

    /// <summary>The process whose child this one is now: another one after the first has ended.</summary>
    public static int Parent => GetParent();

    /// <summary>Ends a process at once. False when there is no such process.</summary>
    public static bool KillNow(int pid) => pid > 1 && Kill(pid, SignalKill) == 0;

    /// <summary>Whether the process exists (a zombie does).</summary>
    public static bool Exists(int pid) => pid > 1 && Kill(pid, 0) == 0;

    /// <exception cref="IOException">The file cannot be opened.</exception>
    internal static int OpenLog(string path)
    {
        int file = Libc.OpenAt(CurrentDirectory, path, OpenFlags, LogFileMode);
        return file >= 0
            ? file
            : throw new IOException($"cannot open log file {path}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    internal static int OpenNothing() => Libc.OpenAt(CurrentDirectory, "/dev/null", CloseOnExec, 0);

    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    private static partial int SetSid();

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int GetParent();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
