using System.Globalization;
using ChronoLog.Interop.Hdf5;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>Compares what libhdf5 sees in a StoryFile with what its user block says. Only for verified files.</summary>
internal static class StoryFileHdf5
{
    /// <summary>What differs; empty when nothing does.</summary>
    public static IReadOnlyList<string> Compare(StoryFile file)
    {
        using PosixFile opened = PosixFile.Open(file.Path, PosixOpen.Read | PosixOpen.NonBlocking);
        string path = $"/proc/self/fd/{opened.Descriptor.ToString(CultureInfo.InvariantCulture)}";
        using Hdf5File hdf5 = Hdf5File.Open(path, file.Path);
        var findings = new List<string>();
        if (StoryFileAttributes.Compare(hdf5, file.Header) is { } difference)
        {
            findings.Add(difference);
        }

        for (int i = 0; i < file.Columns.Count; i++)
        {
            ColumnExtent extent = file.Columns[i];
            var column = (StoryColumn)i;
            if (!StoryFileDatasets.Has(file.Header, column))
            {
                continue;
            }

            (string name, Hdf5Type type, _) = StoryFileDatasets.Describe(column, extent.Length);
            (long? offset, long elements) = hdf5.Locate(name, type);
            if (StoryFileUserBlock.IsInBlocks(file.Header, column) && extent.Length > 0)
            {
                offset = extent.Offset;
                CompareBlocks(file, hdf5, column, findings);
            }

            if ((extent.Length > 0 && offset != extent.Offset) || elements * (int)type != extent.Length)
            {
                findings.Add(
                    $"dataset '{name}' has {elements} elements at {offset}, and the column table says "
                    + $"{extent.Length} bytes at {extent.Offset}");
            }
        }

        return findings;
    }

    private static void CompareBlocks(StoryFile file, Hdf5File hdf5, StoryColumn column, List<string> findings)
    {
        (string name, Hdf5Type type, _) = StoryFileDatasets.Describe(column, file.Columns[(int)column].Length);
        using Hdf5ChunkedDataset dataset = hdf5.OpenChunked(name);
        long element = 0;
        foreach (ColumnExtent block in file.BlocksOf(column))
        {
            (long address, long length) = dataset.Locate(element);
            bool isThere = address == block.Offset || address + file.UserBlockBytes == block.Offset;
            if (!isThere || length != block.Length)
            {
                findings.Add(
                    $"dataset '{name}' has {length} bytes of element {element} at {address}, and the table of blocks says "
                    + $"{block.Length} bytes at {block.Offset}");
            }

            element += StoryFileUserBlock.BlockBytes / (int)type;
        }
    }
}
