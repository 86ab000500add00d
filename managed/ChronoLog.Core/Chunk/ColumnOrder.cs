using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>Work on whole columns, several values per instruction.</summary>
public static class ColumnOrder
{
    /// <summary>How events that lie in columns follow one another.</summary>
    public enum Kind
    {
        /// <summary>One comes before the one that it follows.</summary>
        Broken,

        /// <summary>In order, some with equal EventSequences.</summary>
        Ascending,

        /// <summary>In order, each EventSequence once.</summary>
        Strict,
    }

    /// <summary>The order of events by EventSequence; columns of equal length.</summary>
    public static Kind Of(ReadOnlySpan<ulong> times, ReadOnlySpan<ulong> clients, ReadOnlySpan<uint> indices)
    {
        if (!Ascends(times))
        {
            return Kind.Broken;
        }

        Kind kind = Kind.Strict;
        for (int index = NextTie(times, 1); index < times.Length; index = NextTie(times, index + 1))
        {
            int order = Compare(clients[index - 1], indices[index - 1], clients[index], indices[index]);
            if (order > 0)
            {
                return Kind.Broken;
            }

            kind = order == 0 ? Kind.Ascending : kind;
        }

        return kind;
    }

    /// <summary>Whether no value is less than the one before it.</summary>
    public static bool Ascends(ReadOnlySpan<ulong> values)
    {
        ref ulong first = ref MemoryMarshal.GetReference(values);
        int index = 1;
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<ulong> below = Vector256<ulong>.Zero;
            for (; index + Vector256<ulong>.Count <= values.Length; index += Vector256<ulong>.Count)
            {
                below |= Vector256.LessThan(
                    Vector256.LoadUnsafe(ref first, (nuint)index), Vector256.LoadUnsafe(ref first, (nuint)index - 1));
            }

            if (below != Vector256<ulong>.Zero)
            {
                return false;
            }
        }

        bool ascends = true;
        for (; index < values.Length; index++)
        {
            ascends &= values[index] >= values[index - 1];
        }

        return ascends;
    }

    /// <summary>The least difference between neighbours of values that ascend; 2^64 - 1 when there are no neighbours.</summary>
    public static ulong LeastStep(ReadOnlySpan<ulong> values)
    {
        ulong least = ulong.MaxValue;
        for (int index = 1; index < values.Length; index++)
        {
            least = Math.Min(least, values[index] - values[index - 1]);
        }

        return least;
    }

    /// <summary>The least and the greatest value; not of none.</summary>
    public static (ulong Least, ulong Greatest) Bounds(ReadOnlySpan<ulong> values)
    {
        ulong least = values[0];
        ulong greatest = values[0];
        foreach (ulong value in values)
        {
            least = Math.Min(least, value);
            greatest = Math.Max(greatest, value);
        }

        return (least, greatest);
    }

    /// <summary>Each value less the same number: offsets that count from another place.</summary>
    public static void Subtract(ReadOnlySpan<ulong> values, ulong subtrahend, Span<ulong> target)
    {
        target = target[..values.Length];
        int index = 0;
        for (; index + Vector<ulong>.Count <= values.Length; index += Vector<ulong>.Count)
        {
            (new Vector<ulong>(values[index..]) - new Vector<ulong>(subtrahend)).CopyTo(target[index..]);
        }

        for (; index < values.Length; index++)
        {
            target[index] = values[index] - subtrahend;
        }
    }

    private static int Compare(ulong client, uint index, ulong otherClient, uint otherIndex) =>
        client != otherClient ? client.CompareTo(otherClient) : index.CompareTo(otherIndex);

    /// <summary>First index at or after the given one whose value equals the one before it.</summary>
    private static int NextTie(ReadOnlySpan<ulong> values, int index)
    {
        ref ulong first = ref MemoryMarshal.GetReference(values);
        if (Vector256.IsHardwareAccelerated)
        {
            for (; index + Vector256<ulong>.Count <= values.Length; index += Vector256<ulong>.Count)
            {
                Vector256<ulong> equal = Vector256.Equals(
                    Vector256.LoadUnsafe(ref first, (nuint)index), Vector256.LoadUnsafe(ref first, (nuint)index - 1));
                if (equal != Vector256<ulong>.Zero)
                {
                    return index + BitOperations.TrailingZeroCount(equal.ExtractMostSignificantBits());
                }
            }
        }

        while (index < values.Length && values[index] != values[index - 1])
        {
            index++;
        }

        return index;
    }
}
