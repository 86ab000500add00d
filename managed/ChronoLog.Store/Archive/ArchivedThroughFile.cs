using System.Buffers.Binary;
using System.Globalization;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>
/// The small file in a story's directory that says through which tick everything of one recording group is archived:
/// what a Grapher that starts again knows at once. Replaced as a whole (temporary file, sync, rename, sync of the
/// directory); whatever is not exactly what was written means "unknown". Format: ARCHIVE-FORMAT.md.
/// </summary>
public static class ArchivedThroughFile
{
    /// <summary>Bytes: magic, version, reserved, group, story id, tick, CRC-32C of all before it.</summary>
    public const int Length = 44;

    private const uint Version = 1;
    private const int ChecksumOffset = Length - sizeof(uint);

    private static ReadOnlySpan<byte> Magic => [0x89, (byte)'C', (byte)'L', (byte)'A', (byte)'T', 0x0D, 0x0A, 0x1A];

    /// <summary>Groups may share an archive: each has a file of its own.</summary>
    public static string NameOf(long group) =>
        string.Create(CultureInfo.InvariantCulture, $".archived-through-{group}");

    /// <summary>The story's, wherever its directory is in the archive.</summary>
    /// <inheritdoc cref="Read(PosixDirectory, long, ulong)"/>
    public static ulong? Read(ArchiveRoot root, StoryDescriptor story, long group)
    {
        using PosixDirectory? directory = root.TryOpenStory(story.Name);
        return directory is null ? null : Read(directory, group, story.StoryId);
    }

    /// <returns>ChronoTick; null when there is no such file, or it is damaged or another story's.</returns>
    /// <exception cref="PosixException">It is there and cannot be read.</exception>
    public static ulong? Read(PosixDirectory storyDirectory, long group, ulong storyId)
    {
        byte[] bytes = new byte[Length + 1];
        int got;
        try
        {
            using PosixFile file = storyDirectory.OpenFile(NameOf(group), PosixOpen.Read | PosixOpen.NonBlocking);
            got = file.Info.IsRegularFile ? file.ReadAt(bytes, 0) : 0;
        }
        catch (PosixException exception) when (exception.Errno is PosixError.NotFound or PosixError.TooManyLinks)
        {
            return null;
        }

        return got == Length ? Decode(bytes.AsSpan(0, Length), group, storyId) : null;
    }

    /// <summary>
    /// Writes the story's, unless it has no directory: one that is being destroyed must not come back by its watermark.
    /// </summary>
    /// <returns>False when it has none.</returns>
    /// <inheritdoc cref="Write(PosixDirectory, long, ulong, ulong)"/>
    public static bool TryWrite(ArchiveRoot root, StoryDescriptor story, long group, ulong through)
    {
        using PosixDirectory? directory = root.TryOpenStory(story.Name);
        if (directory is null)
        {
            return false;
        }

        try
        {
            Write(directory, group, story.StoryId, through);
            return true;
        }
        catch (PosixException exception) when (exception.IsNoSpace)
        {
            throw new IOException($"{exception.Message}; free space in '{root.Path}'", exception);
        }
    }

    /// <summary>On the device, under its name, when this returns.</summary>
    /// <exception cref="PosixException">The disk is full, or refused; the earlier file is there still.</exception>
    public static void Write(PosixDirectory storyDirectory, long group, ulong storyId, ulong through)
    {
        Span<byte> bytes = stackalloc byte[Length];
        Encode(bytes, group, storyId, through);
        using TemporaryFile temporary = TemporaryFile.Create(storyDirectory);
        temporary.File.WriteAt(bytes, 0);
        temporary.Replace(NameOf(group));
    }

    private static void Encode(Span<byte> bytes, long group, ulong storyId, ulong through)
    {
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], group);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], storyId);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], through);
        BinaryPrimitives.WriteUInt32LittleEndian(
            bytes[ChecksumOffset..], Crc32C.Compute(bytes[..ChecksumOffset]));
    }

    private static ulong? Decode(ReadOnlySpan<byte> bytes, long group, ulong storyId)
    {
        Span<byte> expected = stackalloc byte[Length];
        ulong through = BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]);
        Encode(expected, group, storyId, through);
        return expected.SequenceEqual(bytes) ? through : null;
    }
}
