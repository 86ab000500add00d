using ChronoLog.Interop.Hdf5;

namespace ChronoLog.Store.Archive;

/// <summary>
/// The root attributes of a StoryFile: the header again, for readers that know HDF5 and not the user block.
/// </summary>
internal static class StoryFileAttributes
{
    private const string LateEvents = "lateEvents";

    public static void Write(Hdf5File hdf5, StoryFileHeader header, IReadOnlyList<PartialKey> partials)
    {
        foreach ((string name, ulong value) in Numbers(header))
        {
            hdf5.SetAttribute(name, value);
        }

        foreach ((string name, string value) in Texts(header))
        {
            hdf5.SetAttribute(name, value);
        }

        // HDF5 keeps an attribute of up to 64 KiB in the object header; the whole list is in the dataset "partials".
        ulong[] keepers = [.. partials.Select(partial => partial.ProcessId).Distinct().Order().Take(8000)];
        hdf5.SetAttribute("keepersMerged", keepers);
    }

    /// <summary>What differs between the attributes and a header; null when nothing does.</summary>
    public static string? Compare(Hdf5File hdf5, StoryFileHeader header)
    {
        // Files that were written before there was such a count lack it.
        foreach ((string name, ulong value) in Numbers(header).Where(each => each.Name != LateEvents || each.Value > 0))
        {
            ulong actual = hdf5.GetUInt64Attribute(name);
            if (actual != value)
            {
                return $"attribute '{name}' is {actual}, and the user block says {value}";
            }
        }

        foreach ((string name, string value) in Texts(header))
        {
            string actual = hdf5.GetStringAttribute(name);
            if (actual != value)
            {
                return $"attribute '{name}' is '{actual}', and the user block says '{value}'";
            }
        }

        return null;
    }

    private static IEnumerable<(string Name, ulong Value)> Numbers(StoryFileHeader header) =>
        Common(header).Concat(header.FormatVersion == 1 ? [] : OfVersion2(header));

    private static IEnumerable<(string Name, ulong Value)> OfVersion2(StoryFileHeader header) =>
    [
        ("arrivals", header.HasArrivals ? 1u : 0),
        ("compressed", header.IsCompressed ? 1u : 0),
    ];

    private static IEnumerable<(string Name, ulong Value)> Common(StoryFileHeader header) =>
    [
        ("formatVersion", (ulong)header.FormatVersion),
        ("storyId", header.StoryId),
        ("startTime", header.StartTime),
        ("endTime", header.EndTime),
        ("eventCount", (ulong)header.EventCount),
        ("recordBytes", (ulong)header.RecordBytes),
        ("firstEventTime", header.FirstEventTime),
        ("lastEventTime", header.LastEventTime),
        ("generation", header.Generation),
        ("complete", header.Complete ? 1u : 0),
        ("supplementary", header.Supplementary ? 1u : 0),
        (LateEvents, (ulong)header.LateEvents),
        ("blockBytes", StoryFileUserBlock.BlockBytes),
    ];

    private static IEnumerable<(string Name, string Value)> Texts(StoryFileHeader header) =>
    [
        ("chronicle", header.Chronicle),
        ("story", header.Story),
        ("collision", header.Collision),
        ("granularity", header.Granularity),
        ("writerVersion", header.WriterVersion),
    ];
}
