using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Ring;

/// <summary><c>chrono_clock_line</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct NativeClockLine
{
    public ulong BaseLocal;
    public ulong BaseTick;
    public ulong Rate;
    public ulong SlewNanoseconds;
    public ulong RateAfter;
    public ulong Uncertainty;
    public ulong Growth;
    public ulong Correction;
}
