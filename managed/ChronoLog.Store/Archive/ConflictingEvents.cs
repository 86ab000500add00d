using System.Buffers.Text;
using System.Globalization;
using System.Text;
using ChronoLog.Core.Model;

namespace ChronoLog.Store.Archive;

/// <summary>
/// What a chunk has of events whose EventSequence another one of other bytes has: the other one is in a StoryFile, these
/// are kept apart in a <see cref="ConflictFile"/>. Filled anew by each pass over the chunk. Not thread-safe.
/// </summary>
public sealed class ConflictingEvents
{
    /// <summary>A client whose every event conflicts must not fill memory: beyond it they are counted only.</summary>
    private const long BytesMax = 16L << 20;

    private readonly List<string> lines = [];
    private long bytes;

    /// <summary>One line of JSON each.</summary>
    public IReadOnlyList<string> Lines => lines;

    /// <summary>Events beyond the limit.</summary>
    public long Uncollected { get; private set; }

    public void Begin()
    {
        lines.Clear();
        (bytes, Uncollected) = (0, 0);
    }

    public void Add(in EventEntry entry)
    {
        int length = Base64.GetMaxEncodedToUtf8Length(entry.Length);
        if (bytes + length > BytesMax)
        {
            Uncollected++;
            return;
        }

        var line = new StringBuilder(length + 128);
        line.Append(
            CultureInfo.InvariantCulture,
            $"{{\"eventTime\":{entry.EventTime},\"clientId\":{entry.ClientId},\"eventIndex\":{entry.EventIndex},");
        line.Append("\"record\":\"").Append(Convert.ToBase64String(entry.LogRecord)).Append("\"}");
        lines.Add(line.ToString());
        bytes += line.Length;
    }
}
