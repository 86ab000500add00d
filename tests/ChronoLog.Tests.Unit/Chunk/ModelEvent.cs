using System.Text;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;

namespace ChronoLog.Tests.Unit.Chunk;

/// <summary>An event of the slow models: a plain value with its record.</summary>
internal sealed record ModelEvent(ulong Time, ulong Client, uint Index, string Record) : IComparable<ModelEvent>
{
    public EventSequence Sequence => new(Time, Client, Index);

    public int CompareTo(ModelEvent? other) => Sequence.CompareTo(other!.Sequence);

    public static ModelEvent From(in EventEntry entry) =>
        new(entry.EventTime, entry.ClientId, entry.EventIndex, Encoding.UTF8.GetString(entry.LogRecord));

    /// <summary>Random event in a small space, so that ties and duplicates happen.</summary>
    public static ModelEvent Next(Random random, ulong timeMax = 50, string? record = null)
    {
        ulong time = (ulong)random.NextInt64((long)timeMax);
        ulong client = (ulong)random.Next(3);
        uint index = (uint)random.Next(3);
        return new ModelEvent(time, client, index, record ?? $"{time}/{client}/{index}");
    }

    /// <summary>In order, of equal EventSequences the first.</summary>
    public static List<ModelEvent> Merge(IEnumerable<ModelEvent> events) =>
        [.. events.GroupBy(e => e.Sequence).Select(group => group.First()).Order()];
}
