using System.Buffers.Binary;

namespace ChronoLog.App.Import;

/// <summary>
/// Sorted events in a temporary file without a name, which goes with the process. Each: time u64, client id u64, index u32,
/// length i32, record; little-endian.
/// </summary>
internal sealed class FileEvents : ISortedEvents
{
    private const int HeaderBytes = 24;
    private const int BufferBytes = 1 << 18;

    private readonly FileStream file;
    private readonly byte[] header = new byte[HeaderBytes];
    private byte[] record = [];
    private int length;
    private bool isReading;

    private FileEvents(FileStream file) => this.file = file;

    public EventKey Key { get; private set; }

    public ReadOnlySpan<byte> Record => record.AsSpan(0, length);

    /// <summary>Writes what is given, in its order, into a directory.</summary>
    public static FileEvents Write(string directory, ISortedEvents events)
    {
        string path = Path.Combine(directory, $"chronolog-import-{Guid.NewGuid():N}.tmp");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = BufferBytes,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite; // a log is not everybody's to read
        }

        var file = new FileStream(path, options);
        var written = new FileEvents(file);
        try
        {
            File.Delete(path); // its memory on the disk stays until it is closed, also by a kill
            while (events.MoveNext())
            {
                written.Append(events.Key, events.Record);
            }

            file.Flush();
            return written;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public bool MoveNext()
    {
        if (!isReading)
        {
            isReading = true;
            file.Position = 0;
        }

        if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
        {
            return false;
        }

        Key = new EventKey(
            BinaryPrimitives.ReadUInt64LittleEndian(header), BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(8)),
            BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(16)));
        length = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(20));
        record = length > record.Length ? new byte[length] : record;
        file.ReadExactly(record, 0, length);
        return true;
    }

    public void Dispose() => file.Dispose();

    private void Append(EventKey key, ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(header, key.Time);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), key.ClientId);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), key.Index);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(20), bytes.Length);
        file.Write(header);
        file.Write(bytes);
    }
}
