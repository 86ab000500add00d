using ChronoLog.Interop.Hdf5;

namespace ChronoLog.Store.Archive;

/// <summary>The HDF5 datasets of a StoryFile's columns.</summary>
internal static class StoryFileDatasets
{
    public const string Group = "events";

    /// <summary>Whether a file has the dataset.</summary>
    public static bool Has(StoryFileHeader header, StoryColumn column) => column switch
    {
        StoryColumn.ArrivalTime => header.HasArrivals,
        StoryColumn.BlockPlace => header.IsCompressed,
        _ => true,
    };

    /// <summary>
    /// Path, element type and dimensions of the dataset that holds a column of the given length in bytes.
    /// </summary>
    public static (string Name, Hdf5Type Type, long[] Dimensions) Describe(
        StoryColumn column, long bytes) => column switch
    {
        StoryColumn.EventTime => (Group + "/eventTime", Hdf5Type.UInt64, [bytes / 8]),
        StoryColumn.ClientId => (Group + "/clientId", Hdf5Type.UInt64, [bytes / 8]),
        StoryColumn.EventIndex => (Group + "/eventIndex", Hdf5Type.UInt32, [bytes / 4]),
        StoryColumn.RecordOffset => (Group + "/recordOffset", Hdf5Type.UInt64, [bytes / 8]),
        StoryColumn.Record => (Group + "/record", Hdf5Type.UInt8, [bytes]),
        StoryColumn.BlockCrc32c => (Group + "/blockCrc32c", Hdf5Type.UInt32, [bytes / 4]),
        StoryColumn.ArrivalTime => (Group + "/arrivalTime", Hdf5Type.UInt64, [bytes / 8]),
        StoryColumn.BlockPlace => (Group + "/blockPlace", Hdf5Type.UInt64, [bytes / 16, 2]),
        StoryColumn.Partials => ("partials", Hdf5Type.UInt64, [bytes / 24, 3]),
        _ => throw new ArgumentOutOfRangeException(nameof(column)),
    };
}
