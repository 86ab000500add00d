using System.Runtime.InteropServices;
using System.Text;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Abi;

/// <summary><c>struct abi_text</c>: UTF-8 that C has measured.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct AbiText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte* bytes;
    private readonly ulong length;

    public bool IsGiven => bytes != null;

    public override string ToString() => bytes == null ? "" : Of(new ReadOnlySpan<byte>(bytes, checked((int)length)));

    /// <param name="text">Ends with a zero; C has checked that it does.</param>
    public static string Of(byte* text) => Of(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));

    // With replacement characters two different names would be the same one.
    private static string Of(ReadOnlySpan<byte> text)
    {
        try
        {
            return Strict.GetString(text);
        }
        catch (DecoderFallbackException exception)
        {
            throw new ChronoLogException(
                Status.InvalidArgument,
                $"'{Encoding.UTF8.GetString(text)}' is not UTF-8, as names and texts are (byte {exception.Index}): convert it first");
        }
    }
}
