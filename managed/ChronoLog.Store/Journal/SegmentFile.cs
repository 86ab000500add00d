using System.Globalization;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Journal;

/// <summary>One segment's file and its mapping, in use or waiting for use.</summary>
internal sealed class SegmentFile : IDisposable
{
    private const string Prefix = "segment-";
    private const string Suffix = ".journal";
    private const string DamagedSuffix = ".damaged";

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

    /// <summary>Something that had been synced is unreadable in it: it is set aside, and never deleted.</summary>
    public bool IsDamaged { get; set; }

    public string Name => NameOf(Sequence);

    public string Path => System.IO.Path.Combine(directory.Path, Name);

    public static string NameOf(long sequence) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{sequence:D12}{Suffix}");

    /// <summary>The segment's name of a file that was set aside; null for any other name.</summary>
    public static string? DamagedName(string name) =>
        name.EndsWith(DamagedSuffix, StringComparison.Ordinal) && SequenceOf(name[..^DamagedSuffix.Length]) is not null
            ? name[..^DamagedSuffix.Length]
            : null;

    /// <summary>The sequence number of a segment file's name; null for any other name.</summary>
    public static long? SequenceOf(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Suffix, StringComparison.Ordinal)
        && long.TryParse(
            name.AsSpan(Prefix.Length, name.Length - Prefix.Length - Suffix.Length),
            NumberStyles.None, CultureInfo.InvariantCulture, out long sequence)
        && name == NameOf(sequence)
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

    /// <summary>Takes a file of an earlier run, already open and checked to be worth it.</summary>
    public static SegmentFile Adopt(PosixDirectory directory, long sequence, PosixFile file, long bytes) =>
        new(directory, sequence, file.Map(0, bytes, writable: true));

    /// <summary>
    /// Renames a file so that nobody takes it for a segment any more; somebody may still want to look at it.
    /// </summary>
    public static void SetAside(PosixDirectory directory, string name)
    {
        directory.Rename(name, name + DamagedSuffix, overwrite: false);
        directory.Sync();
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

    /// <summary>Unmaps and deletes the file, or sets it aside if it is damaged.</summary>
    public void Remove()
    {
        Mapping.Dispose();
        if (IsDamaged)
        {
            SetAside(directory, Name);
        }
        else
        {
            directory.Unlink(Name);
        }
    }

    /// <summary>Unmaps; the file stays.</summary>
    public void Dispose() => Mapping.Dispose();
}
