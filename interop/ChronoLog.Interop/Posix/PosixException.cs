using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Posix;

/// <summary>A system call failed. The message names the call, the path and the error.</summary>
public sealed class PosixException : IOException
{
    public PosixException(string call, string path, int errno)
        : base($"{call} '{path}': {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})", errno)
    {
        Call = call;
        Path = path;
        Errno = errno;
    }

    public string Call { get; }

    public string Path { get; }

    /// <summary>See <see cref="PosixError"/>.</summary>
    public int Errno { get; }

    /// <summary>The device or the user's quota is full.</summary>
    public bool IsNoSpace => Errno is PosixError.NoSpace or PosixError.Quota;

    /// <summary>For the error of the call just made on this thread.</summary>
    internal static PosixException Last(string call, string path) => new(call, path, Marshal.GetLastPInvokeError());
}
