using System.Buffers;
using System.Runtime.InteropServices;
using ChronoLog.Core.Model;
using static ChronoLog.Core.Chunk.ColumnImageDescriptor;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// Fills a page of bounded size with entries, block by block. Records are copied at once, straight to their place, so
/// the entries need not stay valid; the columns are collected and follow with <see cref="Finish"/>. Reusable for one
/// page after the other. Unsynchronized.
/// </summary>
/// <param name="stamped">The image has arrival stamps: its header must say so.</param>
public sealed class ColumnPageWriter(bool stamped = false) : IDisposable
{
    private const int CapacityMin = 1024;

    private readonly int stampLength = stamped ? EventEntry.StampLength : 0;

    private ulong[] times = [];
    private ulong[] clients = [];
    private ulong[] offsets = [];
    private uint[] indices = [];
    private int count;
    private int recordBytes;

    /// <summary>Events in the page.</summary>
    public int Count => count;

    /// <summary>Bytes of their records, arrival stamps included.</summary>
    public int RecordBytes => recordBytes;

    /// <summary>Bytes that the image would have now.</summary>
    public int Length => (int)ImageLength(count, recordBytes);

    /// <summary>Takes as many entries as the page has room for, and copies their records into it.</summary>
    /// <param name="page">
    /// The same memory in every call until <see cref="Finish"/>; at least the length of an empty image.
    /// </param>
    /// <param name="entries">In order of EventSequence, also from call to call.</param>
    /// <returns>
    /// How many were taken: fewer than given when the page is full; 0 into an empty page = larger than a page.
    /// </returns>
    public int Add(Span<byte> page, ReadOnlySpan<EventEntry> entries)
    {
        int taken = FittingCount(page.Length, entries);
        if (taken == 0)
        {
            return 0;
        }

        Reserve(taken);
        Gather(page, entries[..taken]);
        return taken;
    }

    /// <summary>Writes columns and header, and makes the writer ready for the next page.</summary>
    /// <param name="page">The memory that the records were copied into.</param>
    /// <param name="header">Count, recordBytes, firstTime and lastTime are filled in.</param>
    /// <returns>Length of the image.</returns>
    public int Finish(Span<byte> page, in ColumnImageHeader header)
    {
        int length = Length;
        page = page[..length];
        int position = (int)ColumnsOffset(recordBytes);
        page[(HeaderLength + recordBytes)..position].Clear();
        position += Copy<ulong>(times.AsSpan(0, count), page[position..]);
        position += Copy<ulong>(clients.AsSpan(0, count), page[position..]);
        position += Copy<ulong>(offsets.AsSpan(0, count), page[position..]);
        position += Copy<ulong>([(ulong)recordBytes], page[position..]);
        position += Copy<uint>(indices.AsSpan(0, count), page[position..]);
        page[position..].Clear();
        WriteHeader(page, header with
        {
            Count = count,
            RecordBytes = recordBytes,
            FirstTime = count == 0 ? 0 : times[0],
            LastTime = count == 0 ? 0 : times[count - 1],
        });
        Clear();
        return length;
    }

    /// <summary>Forgets what was added, as if the page had been finished.</summary>
    public void Clear()
    {
        count = 0;
        recordBytes = 0;
    }

    /// <summary>Gives the columns' memory back. The writer is empty again, and may be used again.</summary>
    public void Dispose()
    {
        Clear();
        if (times.Length > 0)
        {
            ArrayPool<ulong>.Shared.Return(times);
            ArrayPool<ulong>.Shared.Return(clients);
            ArrayPool<ulong>.Shared.Return(offsets);
            ArrayPool<uint>.Shared.Return(indices);
        }

        times = clients = offsets = [];
        indices = [];
    }

    private static int Copy<T>(ReadOnlySpan<T> column, Span<byte> target)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(column);
        bytes.CopyTo(target);
        return bytes.Length;
    }

    /// <summary>How many of the entries the page has room for.</summary>
    private int FittingCount(int pageLength, ReadOnlySpan<EventEntry> entries)
    {
        long bytes = recordBytes + ((long)stampLength * entries.Length);
        foreach (ref readonly EventEntry entry in entries)
        {
            bytes += entry.Length;
        }

        if (ImageLength((long)count + entries.Length, bytes) <= pageLength)
        {
            return entries.Length;
        }

        return FittingPart(pageLength, entries);
    }

    private int FittingPart(int pageLength, ReadOnlySpan<EventEntry> entries)
    {
        long bytes = recordBytes;
        long events = count;
        int fitting = 0;
        foreach (ref readonly EventEntry entry in entries)
        {
            bytes += stampLength + entry.Length;
            if (ImageLength(++events, bytes) > pageLength)
            {
                break;
            }

            fitting++;
        }

        return fitting;
    }

    private void Reserve(int more)
    {
        int needed = count + more;
        if (needed <= times.Length && needed <= indices.Length)
        {
            return;
        }

        int capacity = Math.Max(CapacityMin, (int)Math.Min(needed * 2L, Array.MaxLength));
        Grow(ref times, capacity);
        Grow(ref clients, capacity);
        Grow(ref offsets, capacity);
        Grow(ref indices, capacity);
    }

    private void Grow<T>(ref T[] column, int capacity)
    {
        T[] larger = ArrayPool<T>.Shared.Rent(capacity);
        column.AsSpan(0, count).CopyTo(larger);
        if (column.Length > 0)
        {
            ArrayPool<T>.Shared.Return(column);
        }

        column = larger;
    }

    private void Gather(Span<byte> page, ReadOnlySpan<EventEntry> entries)
    {
        recordBytes = ColumnGather.Copy(
            entries, stamped, page[HeaderLength..], recordBytes,
            times.AsSpan(count), clients.AsSpan(count), offsets.AsSpan(count), indices.AsSpan(count));
        count += entries.Length;
    }
}
