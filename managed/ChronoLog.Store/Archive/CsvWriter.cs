using System.Buffers.Text;
using System.Text.Unicode;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Events as CSV (RFC 4180, lines end with LF): records that are UTF-8 are quoted with quotes doubled, others are
/// base64.
/// </summary>
internal sealed class CsvWriter
{
    private const int BufferBytes = 1 << 20;

    // Three numbers of 20 digits at most, separators, the encoding's name.
    private const int LineOverheadMax = 128;

    private readonly PosixFile file;
    private byte[] buffer = new byte[BufferBytes];
    private int buffered;
    private long written;
    private uint crc;

    public CsvWriter(PosixFile file)
    {
        this.file = file;
        Put("eventTime,clientId,eventIndex,encoding,record\n"u8);
    }

    public void Append(in EventEntry entry)
    {
        Reserve(entry.Length);
        Put(entry.EventTime);
        Put(","u8);
        Put(entry.ClientId);
        Put(","u8);
        Put(entry.EventIndex);
        ReadOnlySpan<byte> record = entry.LogRecord;
        if (Utf8.IsValid(record))
        {
            Put(",utf8,\""u8);
            PutQuoted(record);
            Put("\"\n"u8);
            return;
        }

        Put(",base64,"u8);
        Base64.EncodeToUtf8(record, buffer.AsSpan(buffered), out _, out int length);
        buffered += length;
        Put("\n"u8);
    }

    /// <summary>Writes what is buffered.</summary>
    /// <returns>The checksum of the whole file.</returns>
    public uint Finish()
    {
        file.WriteAt(buffer.AsSpan(0, buffered), written);
        crc = Crc32C.Append(crc, buffer.AsSpan(0, buffered));
        written += buffered;
        buffered = 0;
        return crc;
    }

    // At worst every byte of a record is a quote, and is doubled.
    private void Reserve(int recordBytes)
    {
        long needed = 2L * recordBytes + LineOverheadMax;
        if (needed <= buffer.Length - buffered)
        {
            return;
        }

        Finish();
        if (needed > buffer.Length)
        {
            buffer = new byte[checked((int)needed)];
        }
    }

    private void Put(ReadOnlySpan<byte> text)
    {
        text.CopyTo(buffer.AsSpan(buffered));
        buffered += text.Length;
    }

    private void Put(ulong number)
    {
        Utf8Formatter.TryFormat(number, buffer.AsSpan(buffered), out int length);
        buffered += length;
    }

    private void PutQuoted(ReadOnlySpan<byte> record)
    {
        while (true)
        {
            int quote = record.IndexOf((byte)'"');
            if (quote < 0)
            {
                Put(record);
                return;
            }

            Put(record[..(quote + 1)]);
            Put("\""u8);
            record = record[(quote + 1)..];
        }
    }
}
