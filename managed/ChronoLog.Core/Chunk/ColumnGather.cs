using System.Buffers.Binary;
using ChronoLog.Core.Model;

namespace ChronoLog.Core.Chunk;

/// <summary>Turns index entries into columns, and brings their records together.</summary>
internal static class ColumnGather
{
    /// <summary>Copies records (those that lie one behind the other in one go) and fills the columns.</summary>
    /// <param name="entries">What is gathered; each column has room for as many.</param>
    /// <param name="stamped">An arrival stamp goes before each record.</param>
    /// <param name="records">Receives the records, from <paramref name="position"/> on.</param>
    /// <param name="position">Bytes of records before them.</param>
    /// <param name="times">Receives eventTime.</param>
    /// <param name="clients">Receives clientId.</param>
    /// <param name="offsets">Receives the start of each record.</param>
    /// <param name="indices">Receives eventIndex.</param>
    /// <returns>Bytes of records, those before included.</returns>
    public static int Copy(
        ReadOnlySpan<EventEntry> entries, bool stamped, Span<byte> records, int position,
        Span<ulong> times, Span<ulong> clients, Span<ulong> offsets, Span<uint> indices) => stamped
            ? CopyStamped(entries, records, position, times, clients, offsets, indices)
            : CopyPlain(entries, records, position, times, clients, offsets, indices);

    private static int CopyStamped(
        ReadOnlySpan<EventEntry> entries, Span<byte> records, int position,
        Span<ulong> times, Span<ulong> clients, Span<ulong> offsets, Span<uint> indices)
    {
        for (int index = 0; index < entries.Length; index++)
        {
            ref readonly EventEntry entry = ref entries[index];
            times[index] = entry.EventTime;
            clients[index] = entry.ClientId;
            offsets[index] = (ulong)position;
            indices[index] = entry.EventIndex;
            BinaryPrimitives.WriteUInt64LittleEndian(records[position..], entry.Arrival);
            entry.LogRecord.CopyTo(records[(position + EventEntry.StampLength)..]);
            position += EventEntry.StampLength + entry.Length;
        }

        return position;
    }

    private static unsafe int CopyPlain(
        ReadOnlySpan<EventEntry> entries, Span<byte> records, int position,
        Span<ulong> times, Span<ulong> clients, Span<ulong> offsets, Span<uint> indices)
    {
        times = times[..entries.Length];
        clients = clients[..entries.Length];
        offsets = offsets[..entries.Length];
        indices = indices[..entries.Length];
        nint start = 0;
        int pending = 0;
        int written = position;
        for (int index = 0; index < entries.Length; index++)
        {
            ref readonly EventEntry entry = ref entries[index];
            times[index] = entry.EventTime;
            clients[index] = entry.ClientId;
            offsets[index] = (ulong)position;
            indices[index] = entry.EventIndex;
            position += entry.Length;
            if (entry.Address == start + pending)
            {
                pending += entry.Length;
                continue;
            }

            new ReadOnlySpan<byte>((void*)start, pending).CopyTo(records[written..]);
            written += pending;
            start = entry.Address;
            pending = entry.Length;
        }

        new ReadOnlySpan<byte>((void*)start, pending).CopyTo(records[written..]);
        return position;
    }
}
