using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Some events of a StoryFile as columns in memory of their own: inflated, or with the arrival stamps between the records
/// as images have them.
/// </summary>
/// <remarks>
/// <code>eventTime u64[N] | clientId u64[N] | recordOffset u64[N + 1], from 0 | eventIndex u32[N] | records</code>
/// </remarks>
internal sealed class RebuiltColumns
{
    private readonly StoryFileBlocks blocks;
    private readonly long first;
    private readonly int count;
    private readonly ulong[] offsets;
    private readonly bool stamped;
    private readonly int recordsAt;

    /// <param name="blocks">The file's.</param>
    /// <param name="first">Number of the first event.</param>
    /// <param name="count">Events.</param>
    /// <param name="offsets">Of their records, and one more; checked.</param>
    /// <param name="stamped">With arrival stamps.</param>
    /// <exception cref="OverflowException">More than 2^31 - 1 bytes: no slice is so large but one of a single record.</exception>
    public RebuiltColumns(StoryFileBlocks blocks, long first, int count, ReadOnlySpan<ulong> offsets, bool stamped)
    {
        this.blocks = blocks;
        this.first = first;
        this.count = count;
        this.offsets = offsets.ToArray();
        this.stamped = stamped;
        recordsAt = checked((count * 28) + 8);
        long recordBytes = (long)(offsets[count] - offsets[0]) + (stamped ? (long)EventEntry.StampLength * count : 0);
        Block = new UnmanagedBlock(checked((int)(recordsAt + recordBytes)));
    }

    /// <summary>Has the caller's reference.</summary>
    public UnmanagedBlock Block { get; }

    /// <exception cref="Core.Protocol.ChronoLogException">Corrupt.</exception>
    public ColumnPlaces Fill()
    {
        int clientsAt = count * 8;
        int offsetsAt = count * 16;
        int indicesAt = offsetsAt + ((count + 1) * 8);
        Span<byte> memory = Block.Span;
        blocks.Read(StoryColumn.EventTime, first, MemoryMarshal.Cast<byte, ulong>(memory[..clientsAt]));
        blocks.Read(StoryColumn.ClientId, first, MemoryMarshal.Cast<byte, ulong>(memory[clientsAt..offsetsAt]));
        blocks.Read(
            StoryColumn.EventIndex, first, MemoryMarshal.Cast<byte, uint>(memory.Slice(indicesAt, count * 4)));
        Span<ulong> targets = MemoryMarshal.Cast<byte, ulong>(memory[offsetsAt..indicesAt]);
        Span<byte> records = memory[recordsAt..];
        if (stamped)
        {
            FillStamped(targets, records);
        }
        else
        {
            ColumnOrder.Subtract(offsets, offsets[0], targets);
            blocks.Read(StoryColumn.Record, (long)offsets[0], records);
        }

        nint start = Block.Address;
        return new ColumnPlaces(start, start + clientsAt, start + indicesAt, start + offsetsAt, start + recordsAt, stamped);
    }

    private void FillStamped(Span<ulong> targets, Span<byte> records)
    {
        ReadOnlySpan<ulong> arrivals = blocks.Verified<ulong>(StoryColumn.ArrivalTime, first, count);
        ReadOnlySpan<byte> plain = blocks.Verified<byte>(
            StoryColumn.Record, (long)offsets[0], (int)(offsets[count] - offsets[0]));
        int at = 0;
        for (int i = 0; i < count; i++)
        {
            targets[i] = (ulong)at;
            BinaryPrimitives.WriteUInt64LittleEndian(records[at..], arrivals[i]);
            at += EventEntry.StampLength;
            int length = (int)(offsets[i + 1] - offsets[i]);
            plain.Slice((int)(offsets[i] - offsets[0]), length).CopyTo(records[at..]);
            at += length;
        }

        targets[count] = (ulong)at;
    }
}
