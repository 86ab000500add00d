using System.Runtime.InteropServices;

namespace ChronoLog.Abi;

/// <summary><c>chronolog_attribute</c>: two texts that end with a zero; C has checked that they do.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct AbiAttribute
{
    private readonly nint key;
    private readonly nint value;

    public string Key => Marshal.PtrToStringUTF8(key) ?? "";

    public string Value => Marshal.PtrToStringUTF8(value) ?? "";
}
