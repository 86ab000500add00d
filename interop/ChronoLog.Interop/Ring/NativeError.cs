using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Ring;

/// <summary>What went wrong in libchrono_native, for people: <c>chrono_error</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct NativeError
{
    private const int TextBytes = 248;

    private int status;
    private int osError;
    private fixed byte text[TextBytes];

    /// <summary>One of <see cref="NativeStatus"/>.</summary>
    public readonly int Status => status;

    /// <summary>errno, or 0.</summary>
    public readonly int OsError => osError;

    /// <summary>The cause, with the operating system's words for <see cref="OsError"/> if there is one.</summary>
    public readonly string Message
    {
        get
        {
            fixed (byte* first = text)
            {
                string cause = Marshal.PtrToStringUTF8((nint)first) ?? "";
                return osError == 0 ? cause : $"{cause}: {Marshal.GetPInvokeErrorMessage(osError)}";
            }
        }
    }
}
