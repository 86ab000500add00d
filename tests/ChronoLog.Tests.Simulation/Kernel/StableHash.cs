using System.Runtime.InteropServices;

namespace ChronoLog.Tests.Simulation.Kernel;

/// <summary>
/// A hash that is the same in every process, which <see cref="object.GetHashCode"/> of a string is not.
/// </summary>
public static class StableHash
{
    private const ulong Prime = 0x9E3779B97F4A7C15;

    public static ulong Mix(ulong hash, ulong value)
    {
        hash = (hash ^ value) * Prime;
        return hash ^ (hash >> 32);
    }

    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        ulong hash = (ulong)bytes.Length;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
        {
            hash = Mix(hash, word);
        }

        foreach (byte rest in bytes[(words.Length * sizeof(ulong))..])
        {
            hash = Mix(hash, rest);
        }

        return hash;
    }

    public static ulong Of(string text) => Of(MemoryMarshal.AsBytes(text.AsSpan()));
}
