using System.Buffers.Binary;
using System.Text;
using ChronoLog.Interop.Fabric;

namespace ChronoLog.Transport.Bulk;

/// <summary>
/// What a descriptor's fabric_address holds: how to reach the owner's endpoint, and where its exposure table lies.
/// </summary>
/// <remarks>
/// Little-endian:
/// <code>
///  0         1          4                 8           16           24
///  +---------+----------+-----------------+-----------+------------+----------------------+
///  | version | reserved | address bytes   | table key | table base | libfabric address... |
///  +---------+----------+-----------------+-----------+------------+----------------------+
/// </code>
/// </remarks>
/// <param name="TableKey">Key of the exposure table's region.</param>
/// <param name="TableBase">Where an RMA read of its entry 0 starts.</param>
/// <param name="Endpoint">libfabric's address of the endpoint.</param>
internal readonly record struct FabricAddress(ulong TableKey, ulong TableBase, byte[] Endpoint)
{
    /// <summary>The protocol's limit of the whole field.</summary>
    internal const int BytesMax = 512;

    private const byte Version = 1;
    private const int HeaderBytes = 24;
    private const ushort InternetFamily = 2;
    private const ushort Internet6Family = 10;

    internal byte[] Encode()
    {
        byte[] bytes = new byte[HeaderBytes + Endpoint.Length];
        bytes[0] = Version;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), Endpoint.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), TableKey);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), TableBase);
        Endpoint.CopyTo(bytes.AsSpan(HeaderBytes));
        return bytes;
    }

    /// <summary>Takes only what an endpoint of this provider can have written: libfabric trusts what it is given.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> bytes, FabricDomain domain, out FabricAddress address)
    {
        address = default;
        if (bytes.Length is <= HeaderBytes or > BytesMax || bytes[0] != Version ||
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]) != bytes.Length - HeaderBytes)
        {
            return false;
        }

        ReadOnlySpan<byte> endpoint = bytes[HeaderBytes..];
        if (!(domain.AddressBytes == 0 ? ShmName.IsAddress(endpoint) : IsSocketAddress(endpoint, domain.AddressBytes)))
        {
            return false;
        }

        address = new FabricAddress(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            endpoint.ToArray());
        return true;
    }

    /// <summary>For messages: "127.0.0.1:4711", "fi_shm://...".</summary>
    internal static string Describe(ReadOnlySpan<byte> endpoint)
    {
        ushort family = endpoint.Length >= 16 ? BinaryPrimitives.ReadUInt16LittleEndian(endpoint) : (ushort)0;
        return family switch
        {
            InternetFamily => $"{new System.Net.IPAddress(endpoint.Slice(4, 4))}:" +
                $"{BinaryPrimitives.ReadUInt16BigEndian(endpoint[2..])}",
            Internet6Family when endpoint.Length >= 28 => $"[{new System.Net.IPAddress(endpoint.Slice(8, 16))}]:" +
                $"{BinaryPrimitives.ReadUInt16BigEndian(endpoint[2..])}",
            _ => Encoding.ASCII.GetString(endpoint).TrimEnd('\0'),
        };
    }

    // struct sockaddr_in or sockaddr_in6: family in the machine's order, port in the network's.
    private static bool IsSocketAddress(ReadOnlySpan<byte> endpoint, int length) =>
        endpoint.Length == length &&
        BinaryPrimitives.ReadUInt16LittleEndian(endpoint) == (length == 28 ? Internet6Family : InternetFamily) &&
        BinaryPrimitives.ReadUInt16BigEndian(endpoint[2..]) != 0;
}
