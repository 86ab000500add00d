using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Ring;

/// <summary>A record of a batch: <c>chrono_span</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct NativeSpan(nint record, uint length)
{
    private readonly nint record = record;
    private readonly uint length = length;
    private readonly uint reserved;
}
