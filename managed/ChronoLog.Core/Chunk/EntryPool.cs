using System.Numerics;
using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// Arrays of entries, by powers of two. Runs live for a whole acceptance window, so plain allocation would push every
/// array through the large object heap and leave it to a full collection; pooled, they are reused as chunks retire.
/// Thread-safe.
/// </summary>
public static class EntryPool
{
    /// <summary>512 bytes: a story that sees a handful of events per chunk costs no more.</summary>
    private const int SmallestShift = 4;

    /// <summary>2^20 entries = 32 MiB: larger arrays are rare and go back to the collector.</summary>
    private const int LargestShift = 20;

    /// <summary>
    /// Bytes kept for reuse, of all sizes together: what 4 million events in retiring chunks give back.
    /// </summary>
    private const long BytesKeptMax = 128 << 20;

    private const int EntryBytes = 32;

    private static readonly Stack<EventEntry[]>[] Classes = MakeClasses();

    private static long bytesKept;

    /// <summary>An array of at least the given length, with arbitrary content.</summary>
    public static EventEntry[] Rent(int lengthMin)
    {
        int shift = Math.Max(SmallestShift, BitOperations.Log2((uint)Math.Max(lengthMin - 1, 1)) + 1);
        if (shift > LargestShift)
        {
            return GC.AllocateUninitializedArray<EventEntry>(lengthMin);
        }

        Stack<EventEntry[]> kept = Classes[shift - SmallestShift];
        lock (kept)
        {
            if (kept.TryPop(out EventEntry[]? entries))
            {
                Interlocked.Add(ref bytesKept, -(long)entries.Length * EntryBytes);
                return entries;
            }
        }

        return GC.AllocateUninitializedArray<EventEntry>(1 << shift);
    }

    /// <summary>Takes an array back. The caller must not touch it again.</summary>
    public static void Return(EventEntry[] entries)
    {
        if (!BitOperations.IsPow2(entries.Length))
        {
            return;
        }

        int shift = BitOperations.Log2((uint)entries.Length);
        if (shift is < SmallestShift or > LargestShift)
        {
            return;
        }

        long bytes = (long)entries.Length * EntryBytes;
        if (Interlocked.Add(ref bytesKept, bytes) > BytesKeptMax)
        {
            Interlocked.Add(ref bytesKept, -bytes);
            return;
        }

        Stack<EventEntry[]> kept = Classes[shift - SmallestShift];
        lock (kept)
        {
            kept.Push(entries);
        }
    }

    private static Stack<EventEntry[]>[] MakeClasses()
    {
        var classes = new Stack<EventEntry[]>[LargestShift - SmallestShift + 1];
        for (int index = 0; index < classes.Length; index++)
        {
            classes[index] = new Stack<EventEntry[]>();
        }

        return classes;
    }
}
