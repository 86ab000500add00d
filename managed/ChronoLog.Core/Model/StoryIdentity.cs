using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ChronoLog.Core.Model;

/// <summary>
/// The 64-bit identity of a story: a hash of chronicle name, a zero byte, story name; and, for a story whose name was
/// destroyed before, a zero byte and its incarnation in decimal.
/// </summary>
public static class StoryIdentity
{
    /// <summary>
    /// Longest chronicle or story name, in UTF-8 bytes: fits any file system's name limit after a hash is appended.
    /// </summary>
    public const int NameBytesMax = 1024;

    /// <summary>First eight bytes of SHA-256, little-endian; never 0, which means "no story".</summary>
    /// <exception cref="ArgumentException">A name is empty, too long, or contains a NUL.</exception>
    public static ulong Hash(string chronicle, string story, uint incarnation = 0)
    {
        CheckName(chronicle, "chronicle");
        CheckName(story, "story");
        string later = incarnation == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"\0{incarnation}");
        byte[] text = Encoding.UTF8.GetBytes(chronicle + '\0' + story + later);
        ulong hash = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(text));
        return hash == 0 ? 1 : hash;
    }

    /// <summary>Refuses names that no process could store.</summary>
    public static void CheckName(string name, string kind)
    {
        if (string.IsNullOrEmpty(name))
        {
            throw new ArgumentException($"a {kind} name must not be empty");
        }

        if (name.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException($"{kind} name '{name}' contains a NUL character");
        }

        int bytes = Encoding.UTF8.GetByteCount(name);
        if (bytes > NameBytesMax)
        {
            throw new ArgumentException($"{kind} name of {bytes} bytes is longer than {NameBytesMax}");
        }
    }
}
