using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback.Collisions;

/// <summary>
/// Events of a granule that may go on: copied, with their records and stamps, so that no page or file is held for them.
/// </summary>
/// <param name="bytesMax">Most bytes of records and index.</param>
internal sealed class OpenGranule(long bytesMax) : IDisposable
{
    private EventRunBuilder builder = new();
    private long bytes;

    public bool IsEmpty => builder.Count == 0;

    /// <summary>Tick of its first event.</summary>
    public ulong EventTime { get; private set; }

    /// <summary>Copies events.</summary>
    /// <param name="entries">Of the granule, behind those that are here, in order of EventSequence.</param>
    /// <exception cref="ChronoLogException">LimitExceeded.</exception>
    public void Add(ReadOnlySpan<EventEntry> entries)
    {
        if (entries.IsEmpty)
        {
            return;
        }

        EventTime = IsEmpty ? entries[0].EventTime : EventTime;
        int length = 0;
        foreach (ref readonly EventEntry entry in entries)
        {
            length = checked(length + EventEntry.StampLength + entry.Length);
        }

        bytes += length + ((long)entries.Length * Unsafe.SizeOf<EventEntry>());
        if (bytes > bytesMax && !IsEmpty)
        {
            throw new ChronoLogException(
                Status.LimitExceeded,
                $"more events than {bytesMax >> 20} MiB have their ticks in one granule, the one of {EventTime}, and cannot "
                + "be brought into the order of their arrival: choose a finer granularity for the chronicle, or another "
                + "collision policy");
        }

        Copy(entries, length);
    }

    /// <summary>The granule's events in order of arrival, and nothing is here any more; null when nothing was.</summary>
    public EventRun? Close()
    {
        bytes = 0;
        EventRun? run = builder.Build();
        if (run is not null)
        {
            ArraySegment<EventEntry> entries = run.EntriesInPlace; // nobody else has the run yet
            ArrivalOrder.Sort(entries);
        }

        return run;
    }

    public void Dispose()
    {
        builder.Build()?.Release();
        builder = new EventRunBuilder();
    }

    private void Copy(ReadOnlySpan<EventEntry> entries, int length)
    {
        var block = new UnmanagedBlock(length);
        int at = 0;
        foreach (ref readonly EventEntry entry in entries)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(block.Span[at..], entry.Arrival);
            at += EventEntry.StampLength;
            entry.LogRecord.CopyTo(block.Span[at..]);
            builder.Append(
                new EventEntry(
                    entry.EventTime, entry.ClientId, entry.EventIndex, block.Address + at, entry.Length, isStamped: true),
                block);
            at += entry.Length;
        }

        block.Release();
    }
}
