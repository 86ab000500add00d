using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Abi;

/// <summary>
/// <c>struct abi_call</c> of native/abi/call.h: an operation with its arguments and results, on the stack of the C
/// function that waits for it.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct AbiCall
{
    /// <summary><c>ABI_CALL_VERSION</c>.</summary>
    public const uint Version = 3;

    private const int MessageBytes = 1024;

    private readonly AbiOperation operation;
    private int status;
    private readonly ulong objectNumber;
    private Texts texts;
    private readonly AbiAttribute* attributes;
    private readonly ulong attributeCount;
    private readonly Numbers numbers;
    private Results results;
    private void* memory;
    private ulong memoryBytes;
    private fixed byte message[MessageBytes];
    private readonly uint done;
    private readonly uint reserved;
    private readonly nint next;

    public readonly AbiOperation Operation => operation;

    /// <summary>The managed object that the operation is on; 0 = none.</summary>
    public readonly ulong ObjectNumber => objectNumber;

    public readonly AbiText Text(int place) => texts[place];

    public readonly ulong Number(int place) => numbers[place];

    public void Result(int place, ulong value) => results[place] = value;

    public readonly Dictionary<string, string> Attributes()
    {
        var all = new Dictionary<string, string>();
        for (ulong i = 0; i < attributeCount; i++)
        {
            all[attributes[i].Key] = attributes[i].Value;
        }

        return all;
    }

    /// <summary>Gives the caller a block of memory of its own.</summary>
    public void Give(ReadOnlySpan<byte> bytes)
    {
        memory = NativeMemory.Alloc((nuint)Math.Max(bytes.Length, 1)); // malloc: the C side calls free
        memoryBytes = (ulong)bytes.Length;
        bytes.CopyTo(new Span<byte>(memory, bytes.Length));
    }

    public void Fail(Status why, string text)
    {
        status = -(int)why;
        fixed (byte* first = message)
        {
            var target = new Span<byte>(first, MessageBytes - 1);
            Encoding.UTF8.TryGetBytes(text, target, out int written);
            if (written == 0 && text.Length > 0)
            {
                // Too long: as many characters as surely fit.
                written = Encoding.UTF8.GetBytes(text.AsSpan(0, Math.Min(text.Length, MessageBytes / 4)), target);
            }

            target[written] = 0;
        }
    }

    [InlineArray(4)]
    private struct Texts
    {
        private AbiText first;
    }

    [InlineArray(9)]
    private struct Numbers
    {
        private ulong first;
    }

    [InlineArray(8)]
    private struct Results
    {
        private ulong first;
    }
}
