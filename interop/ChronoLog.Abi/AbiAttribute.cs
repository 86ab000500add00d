using System.Runtime.InteropServices;

namespace ChronoLog.Abi;

/// <summary><c>chronolog_attribute</c>: two texts that end with a zero; C has checked that they do.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct AbiAttribute
{
    private readonly nint key;
    private readonly nint value;

    public string Key => AbiText.Of((byte*)key);

    public string Value => AbiText.Of((byte*)value);
}
