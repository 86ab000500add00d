namespace ChronoLog.App.Import;

/// <summary>
/// Sorts any number of events in bounded memory: what does not fit goes to sorted temporary files, which are merged.
/// </summary>
/// <param name="directory">Of the temporary files.</param>
/// <param name="bytesMax">Memory for events.</param>
internal sealed class ImportSorter(string directory, int bytesMax = 64 << 20) : IDisposable
{
    /// <summary>Each open file has a buffer of 256 KiB.</summary>
    private const int FilesMax = 64;

    private readonly MemoryEvents memory = new(bytesMax);
    private readonly List<ISortedEvents> files = [];

    /// <summary>Temporary files written so far, for tests.</summary>
    public int FilesWritten { get; private set; }

    public void Add(EventKey key, ReadOnlySpan<byte> record)
    {
        if (memory.TryAdd(key, record))
        {
            return;
        }

        Write(memory);
        memory.Clear();
        memory.TryAdd(key, record);
        if (files.Count == FilesMax)
        {
            using var merged = new MergedEvents([.. files]);
            files.Clear();
            Write(merged);
        }
    }

    /// <summary>Everything in order; nothing may be added any more.</summary>
    public ISortedEvents Finish()
    {
        var merged = new MergedEvents([.. files, memory]);
        files.Clear();
        return merged;
    }

    public void Dispose() => files.ForEach(static file => file.Dispose());

    private void Write(ISortedEvents events)
    {
        try
        {
            files.Add(FileEvents.Write(directory, events));
        }
        catch (IOException exception)
        {
            throw new IOException(
                $"{exception.Message}: temporary files need as much room as the input; --temp says where they go", exception);
        }

        FilesWritten++;
    }
}
