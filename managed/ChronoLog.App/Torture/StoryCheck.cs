using ChronoLog.Client;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.App.Torture;

/// <summary>
/// One replay of a story, checked: order and uniqueness of every event, and of torture records also content and numbers.
/// </summary>
/// <param name="granule">
/// Nanoseconds within which the order is that of arrival, so that nothing is to be seen of it here; 1 = none.
/// </param>
internal sealed class StoryCheck(ulong granule = 1)
{
    private readonly Dictionary<(int Writer, int Incarnation), NumberSet> writers = [];
    private EventSequence last;

    public long Events { get; private set; }

    /// <summary>Events that did not come after the one before.</summary>
    public long Disordered { get; private set; }

    /// <summary>Events with the EventSequence of the one before.</summary>
    public long Duplicated { get; private set; }

    /// <summary>Torture records whose checksum fails.</summary>
    public long Corrupt { get; private set; }

    /// <summary>Torture records that came under two EventSequences.</summary>
    public long RecordedTwice => writers.Values.Sum(set => set.Repeated);

    /// <summary>Records that are none of torture's.</summary>
    public long Foreign { get; private set; }

    /// <summary>Of every byte and identity, in order: equal replays have equal ones.</summary>
    public uint Checksum { get; private set; }

    public IReadOnlyList<Gap> Gaps { get; private set; } = [];

    public ulong Watermark { get; private set; }

    public static async Task<StoryCheck> ReplayAsync(
        ChronoClient client, string chronicle, string story, CancellationToken cancellation)
    {
        Chronicle shown = await client.ShowChronicleAsync(chronicle, cancellation);
        ChronicleAttributes attributes = ChronicleAttributes.Parse(shown.Attributes);
        bool isByArrival = attributes.Collision == CollisionPolicy.Ordering;
        var check = new StoryCheck(isByArrival ? attributes.GranularityNanoseconds : 1);
        await using Replay replay = await client.ReplayAsync(chronicle, story, cancellation: cancellation);
        await foreach (EventPage page in replay.WithCancellation(cancellation))
        {
            foreach (ref readonly EventEntry entry in page.Events)
            {
                check.Add(entry);
            }
        }

        check.Gaps = replay.Gaps;
        check.Watermark = replay.Watermark;
        return check;
    }

    /// <summary>The numbers of one incarnation's records; empty if none appeared.</summary>
    public NumberSet Of(int writer, int incarnation) =>
        writers.GetValueOrDefault((writer, incarnation)) ?? new NumberSet();

    public IEnumerable<(int Writer, int Incarnation, NumberSet Numbers)> Writers =>
        writers.OrderBy(pair => pair.Key).Select(pair => (pair.Key.Writer, pair.Key.Incarnation, pair.Value));

    internal void Add(in EventEntry entry)
    {
        EventSequence sequence = entry.Sequence;
        if (Events > 0 && sequence <= last)
        {
            Duplicated += sequence == last ? 1 : 0;
            Disordered += sequence < last && IsBefore(sequence) ? 1 : 0;
        }

        last = sequence;
        Events++;
        Span<byte> identity = stackalloc byte[20];
        BitConverter.TryWriteBytes(identity, entry.EventTime);
        BitConverter.TryWriteBytes(identity[8..], entry.ClientId);
        BitConverter.TryWriteBytes(identity[16..], entry.EventIndex);
        Checksum = Crc32C.Append(Crc32C.Append(Checksum, identity), entry.LogRecord);
        AddRecord(entry.LogRecord);
    }

    private bool IsBefore(EventSequence sequence) =>
        granule == 1 || sequence.EventTime / granule < last.EventTime / granule;

    private void AddRecord(ReadOnlySpan<byte> bytes)
    {
        if (!TortureRecord.LooksLikeOne(bytes))
        {
            Foreign++;
        }
        else if (!TortureRecord.TryRead(bytes, out TortureRecord record))
        {
            Corrupt++;
        }
        else
        {
            if (!writers.TryGetValue((record.Writer, record.Incarnation), out NumberSet? set))
            {
                writers.Add((record.Writer, record.Incarnation), set = new NumberSet());
            }

            set.Add(record.Number);
        }
    }
}
