using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace ChronoLog.App.Import;

/// <summary>
/// Where imported events come from, as their identity says it: the client id is made of the source's name, the index is the
/// number of the event's first line. So the same file imported again gives the same identities, and the archive keeps each
/// event once.
/// </summary>
/// <param name="name">"HOST:/path/of/file", or what the user calls it.</param>
internal sealed class ImportSource(string name)
{
    // Ids that the Visor issues count from 1: they never come here.
    private const ulong Mark = 1UL << 63;

    private readonly Dictionary<ulong, ulong> ids = [];

    public string Name => name;

    /// <summary>Client ids given so far: one for each 2^32 lines.</summary>
    public IReadOnlyCollection<ulong> ClientIds => ids.Values;

    public static ImportSource Of(string file, string? given) =>
        new(given ?? $"{Environment.MachineName}:{Path.GetFullPath(file)}");

    public (ulong ClientId, uint Index) Identify(ulong line)
    {
        ulong block = line >> 32;
        if (!ids.TryGetValue(block, out ulong id))
        {
            byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"chronolog import\0{name}\0{block}"));
            ids[block] = id = BinaryPrimitives.ReadUInt64LittleEndian(hash) | Mark;
        }

        return (id, (uint)line);
    }
}
