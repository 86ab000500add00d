using System.Buffers.Binary;
using ChronoLog.Core.Chunk;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Journal;

/// <summary>
/// The process id of the Keeper that used a journal directory last, in the directory's lock file. Segments say it too, but
/// a Keeper that drained everything leaves none: it has to come back as the member that it was, or that one would count as
/// dead for ever, if the Visor was away when it left.
/// </summary>
/// <remarks>Magic "CLJO", u32 0, process id u64, CRC-32C of those 16 bytes u32; little-endian. Anything else is nobody.</remarks>
internal static class JournalOwner
{
    public const int Length = 20;

    private const uint Magic = 0x4F4A_4C43;

    /// <summary>0 when nothing tells it.</summary>
    /// <exception cref="PosixException">The file cannot be read.</exception>
    public static ulong Read(PosixFile file)
    {
        Span<byte> bytes = stackalloc byte[Length];
        return file.ReadAt(bytes, 0) == Length
            && BinaryPrimitives.ReadUInt64LittleEndian(bytes) == Magic
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]) == Crc32C.Compute(bytes[..16])
                ? BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..])
                : 0;
    }

    /// <summary>Brings it to the device. One that is torn by a power cut is nobody's.</summary>
    /// <exception cref="PosixException">The disk is full, or refused.</exception>
    public static void Write(PosixFile file, ulong processId)
    {
        Span<byte> bytes = stackalloc byte[Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], processId);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], Crc32C.Compute(bytes[..16]));
        file.WriteAt(bytes, 0);
        file.SyncData();
    }
}
