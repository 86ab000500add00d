using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ChronoLog.Interop.Fabric;

namespace ChronoLog.Transport.Bulk;

/// <summary>Keys that a peer who was not told them cannot guess.</summary>
internal static class RandomKey
{
    // 64 random bits collide practically never; several failures in a row mean something else.
    private const int Attempts = 4;

    /// <summary>Never 0.</summary>
    internal static ulong Next()
    {
        ulong key = 0;
        while (key == 0)
        {
            RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(new Span<ulong>(ref key)));
        }

        return key;
    }

    /// <summary>Registers memory under a random key, where the provider lets the caller choose.</summary>
    internal static MemoryRegion Register(
        FabricDomain domain, nint start, long length, MemoryAccess access, FabricEndpoint? endpoint)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return domain.Register(start, length, access, Next(), endpoint);
            }
            catch (FabricException exception) when (exception.Error == FabricError.NoKey && attempt < Attempts)
            {
                // the key is taken: another one
            }
        }
    }
}
