using System.Buffers;
using System.CommandLine;
using ChronoLog.Client;
using ChronoLog.Core.Time;

namespace ChronoLog.App.Commands;

/// <summary>What <c>chronolog record</c> recorded.</summary>
internal sealed class RecordSummary(StoryHandle story)
{
    private long bytes;
    private ulong first;

    public long Events { get; private set; }

    public ulong Last { get; private set; }

    /// <summary>Records one line, and counts it.</summary>
    public void Log(ReadOnlySequence<byte> line)
    {
        if (line.IsSingleSegment)
        {
            Last = story.LogEvent(line.FirstSpan);
        }
        else
        {
            byte[] rented = ArrayPool<byte>.Shared.Rent((int)line.Length);
            line.CopyTo(rented);
            Last = story.LogEvent(rented.AsSpan(0, (int)line.Length));
            ArrayPool<byte>.Shared.Return(rented);
        }

        first = Events == 0 ? Last : first;
        Events++;
        bytes += line.Length;
    }

    public void Report(ParseResult parsed)
    {
        if (parsed.GetValue(CommonOptions.Json))
        {
            JsonOutput.WriteLine(writer =>
            {
                writer.WriteString("chronicle", story.Chronicle);
                writer.WriteString("story", story.Story);
                writer.WriteNumber("client", story.ClientId);
                writer.WriteNumber("events", Events);
                writer.WriteNumber("bytes", bytes);
                writer.WriteNumber("first", first);
                writer.WriteNumber("last", Last);
            });
            return;
        }

        Console.WriteLine($"recorded {Events} events, {bytes} bytes, in {story.Chronicle}/{story.Story}");
        if (Events > 0)
        {
            Console.WriteLine($"first {ChronoTick.Format(first)}  {first}");
            Console.WriteLine($"last  {ChronoTick.Format(Last)}  {Last}");
        }
    }
}
