using System.Runtime.InteropServices;
using System.Text;

namespace ChronoLog.Interop.Posix;

/// <summary>Replaces this process's program by another one.</summary>
public static unsafe partial class ProcessImage
{
    private const int SetParentDeathSignal = 1; // PR_SET_PDEATHSIG
    private const int SignalKill = 9;
    private const int SignalPipe = 13;
    private const int Executable = 1; // X_OK

    /// <summary>
    /// The process is killed when the thread that started it ends. False: its parent is not the given one any more.
    /// </summary>
    public static bool EndWithParent(int parent)
    {
        _ = ProcessControl(SetParentDeathSignal, SignalKill, 0, 0, 0);
        return PosixProcess.Parent == parent; // asked behind it: it may have ended just before
    }

    /// <summary>Whether the system lets this process run a file (or enter a directory).</summary>
    public static bool MayRun(string path) => Access(path, Executable) == 0;

    /// <summary>
    /// Runs another program in this process: descriptors, environment, process number and parent stay. Returns only when
    /// the system refuses, with its reason.
    /// </summary>
    /// <param name="path">Of an executable file.</param>
    /// <param name="arguments">Without the program's own name.</param>
    public static string Replace(string path, IReadOnlyList<string> arguments)
    {
        _ = Signal(SignalPipe, 0); // this runtime ignores it, and that would be inherited
        string[] all = [path, .. arguments];
        var texts = (byte**)NativeMemory.AllocZeroed((nuint)(all.Length + 1), (nuint)sizeof(byte*));
        for (int i = 0; i < all.Length; i++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(all[i]);
            texts[i] = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
            bytes.CopyTo(new Span<byte>(texts[i], bytes.Length));
        }

        _ = Execute(texts[0], texts); // what was allocated ends with this program, or a moment later with this process
        return Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true)]
    private static partial int Execute(byte* path, byte** arguments);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int ProcessControl(int option, nuint second, nuint third, nuint fourth, nuint fifth);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint Signal(int signal, nint handler);
}
