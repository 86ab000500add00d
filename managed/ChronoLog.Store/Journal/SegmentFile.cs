using System.Globalization;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Journal;

/// <summary>One segment's file and its mapping, in use or waiting for use.</summary>
internal sealed class SegmentFile : IDisposable
{
    private const string Prefix = "segment-";
    private const string Suffix = ".journal";

    private readonly PosixDirectory directory;

    private SegmentFile(PosixDirectory directory, long sequence, PosixMapping mapping)
    {
        this.directory = directory;
        Sequence = sequence;
        Mapping = mapping;
    }

    public PosixMapping Mapping { get; }

    public long Sequence { get; private set; }

    /// <summary>A sync of it failed: it is deleted, and never used again.</summary>
    public bool IsBroken { get; set; }

    public string Name => NameOf(Sequence);

    public string Path => System.IO.Path.Combine(directory.Path, Name);

    public static string NameOf(long sequence) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{sequence:D12}{Suffix}");

    /// <summary>The sequence number of a segment file's name; null for any other name.</summary>
    public static long? SequenceOf(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Suffix, StringComparison.Ordinal)
        && long.TryParse(
            name.AsSpan(Prefix.Length, name.Length - Prefix.Length - Suffix.Length),
            NumberStyles.None, CultureInfo.InvariantCulture, out long sequence)
            ? sequence
            : null;

    /// <summary>
    /// Creates a file with all its blocks reserved: a full disk shows here, by an error, and never as SIGBUS at a
    /// store.
    /// </summary>
    /// <exception cref="PosixException">Nothing is left behind.</exception>
    public static SegmentFile Create(PosixDirectory directory, long sequence, long bytes)
    {
        string name = NameOf(sequence);
        using PosixFile file = directory.OpenFile(name, PosixOpen.ReadWrite | PosixOpen.Create | PosixOpen.Exclusive);
        try
        {
            file.Allocate(0, bytes);
            file.Sync(); // length and extents; the batches are synced range by range
            directory.Sync();
            return new SegmentFile(directory, sequence, file.Map(0, bytes, writable: true));
        }
        catch
        {
            directory.Unlink(name);
            throw;
        }
    }

    /// <summary>
    /// Gives a file that nothing points into a new place in the sequence; its old header becomes invalid.
    /// </summary>
    public void Recycle(long sequence)
    {
        Mapping.Span(0, SegmentHeader.PageLength).Clear();
        directory.Rename(Name, NameOf(sequence), overwrite: false);
        Sequence = sequence;
        directory.Sync();
    }

    public void Delete()
    {
        Mapping.Dispose();
        directory.Unlink(Name);
    }

    /// <summary>Unmaps; the file stays.</summary>
    public void Dispose() => Mapping.Dispose();
}
