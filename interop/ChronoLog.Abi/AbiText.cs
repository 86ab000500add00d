using System.Runtime.InteropServices;

namespace ChronoLog.Abi;

/// <summary><c>struct abi_text</c>: UTF-8 that C has measured.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct AbiText
{
    private readonly byte* bytes;
    private readonly ulong length;

    public bool IsGiven => bytes != null;

    public override string ToString() =>
        bytes == null ? "" : System.Text.Encoding.UTF8.GetString(bytes, checked((int)length));
}
