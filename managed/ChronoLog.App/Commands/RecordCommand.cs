using System.Buffers;
using System.CommandLine;
using System.Diagnostics;
using System.IO.Pipelines;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Settings;
using ChronoLog.Core.Time;

namespace ChronoLog.App.Commands;

/// <summary><c>chronolog record</c>: one event per line of the input.</summary>
internal static class RecordCommand
{
    private const int LineBytesMax = 16 << 20;
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromMinutes(1);

    private static readonly Argument<string> Chronicle = new("CHRONICLE") { Description = "Name of the chronicle." };
    private static readonly Argument<string> Story = new("STORY") { Description = "Name of the story." };
    private static readonly Option<string?> File = new("--file") { Description = "Input; default: standard input.", HelpName = "F" };
    private static readonly Option<bool> CreateMissing = new("--create") { Description = "Create a missing chronicle." };
    private static readonly Option<bool> Null = new("--null") { Description = "Events end with NUL instead of a line feed." };
    private static readonly Option<double> Rate = new("--rate")
    {
        Description = "Most events per second; default: no bound.", HelpName = "N",
    };

    private static readonly Option<string?> Flush = new("--flush")
    {
        Description = "Level to wait for at the end: accepted, journaled, synced; default: the chronicle's.", HelpName = "LEVEL",
    };

    public static Command Create()
    {
        var command = new Command("record", "Record one event per line of the input.")
        {
            Chronicle, Story, File, CreateMissing, Null, Rate, Flush,
        };
        command.SetRunner(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        DurabilityLevel? level = ParseLevel(parsed.GetValue(Flush));
        if (level > DurabilityLevel.Synced)
        {
            throw new SettingException($"--flush {level}: a flush waits for accepted, journaled or synced");
        }

        double rate = parsed.GetValue(Rate);
        if (rate < 0 || !double.IsFinite(rate))
        {
            throw new SettingException($"--rate {rate}: expected a positive number of events per second");
        }

        await using Stream input = parsed.GetValue(File) is { } path and not "-"
            ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16)
            : Console.OpenStandardInput();
        await using ChronoClient client = await ClientSession.ConnectAsync(parsed, cancellation);
        StoryHandle story = await client.AcquireStoryAsync(
            parsed.GetValue(Chronicle)!, parsed.GetValue(Story)!, createChronicle: parsed.GetValue(CreateMissing),
            cancellation: cancellation);
        var summary = new Summary();
        var pace = new Pace(rate);
        var reader = PipeReader.Create(input, new StreamPipeReaderOptions(bufferSize: 1 << 18, minimumReadSize: 1 << 16));
        try
        {
            await ReadAsync(reader, parsed.GetValue(Null) ? (byte)0 : (byte)'\n', story, summary, pace, cancellation);
            await story.FlushAsync(level ?? RingLevel(story.Durability), FlushTimeout, cancellation);
        }
        catch (Exception)
        {
            Console.Error.WriteLine(
                $"chronolog: {summary.Events} events were taken before the failure, the last at {summary.Last}; "
                + "those that were not flushed may be missing");
            throw;
        }

        await client.ReleaseStoryAsync(story.Chronicle, story.Story, cancellation);
        await client.DisconnectAsync(cancellation);
        Report(parsed, story, summary);
        return ExitCode.Done;
    }

    private static async Task ReadAsync(
        PipeReader reader, byte delimiter, StoryHandle story, Summary summary, Pace pace, CancellationToken cancellation)
    {
        while (true)
        {
            ReadResult result = await reader.ReadAsync(cancellation);
            ReadOnlySequence<byte> buffer = result.Buffer;
            while (pace.IsDue && buffer.PositionOf(delimiter) is { } end)
            {
                Log(story, buffer.Slice(0, end), summary);
                pace.Count();
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            bool paused = !pace.IsDue;
            if (!paused && result.IsCompleted)
            {
                if (!buffer.IsEmpty)
                {
                    Log(story, buffer, summary); // a last line without its end
                }

                await reader.CompleteAsync();
                return;
            }

            if (buffer.Length > LineBytesMax)
            {
                throw new IOException($"a line is longer than {LineBytesMax} bytes");
            }

            // Looked at all of it: wait for more. Paused by the rate: come back for the rest of it.
            reader.AdvanceTo(buffer.Start, paused ? buffer.Start : buffer.End);
            if (paused)
            {
                await pace.WaitAsync(cancellation);
            }
        }
    }

    private static void Log(StoryHandle story, ReadOnlySequence<byte> line, Summary summary)
    {
        ulong tick;
        if (line.IsSingleSegment)
        {
            tick = story.LogEvent(line.FirstSpan);
        }
        else
        {
            byte[] rented = ArrayPool<byte>.Shared.Rent((int)line.Length);
            line.CopyTo(rented);
            tick = story.LogEvent(rented.AsSpan(0, (int)line.Length));
            ArrayPool<byte>.Shared.Return(rented);
        }

        summary.Add(tick, line.Length);
    }

    private static void Report(ParseResult parsed, StoryHandle story, Summary summary)
    {
        if (parsed.GetValue(CommonOptions.Json))
        {
            JsonOutput.WriteLine(writer =>
            {
                writer.WriteString("chronicle", story.Chronicle);
                writer.WriteString("story", story.Story);
                writer.WriteNumber("client", story.ClientId);
                writer.WriteNumber("events", summary.Events);
                writer.WriteNumber("bytes", summary.Bytes);
                writer.WriteNumber("first", summary.First);
                writer.WriteNumber("last", summary.Last);
            });
            return;
        }

        Console.WriteLine($"recorded {summary.Events} events, {summary.Bytes} bytes, in {story.Chronicle}/{story.Story}");
        if (summary.Events > 0)
        {
            Console.WriteLine($"first {ChronoTick.Format(summary.First)}  {summary.First}");
            Console.WriteLine($"last  {ChronoTick.Format(summary.Last)}  {summary.Last}");
        }
    }

    // What lies beyond the Keeper's journal is not known to the ring.
    private static DurabilityLevel RingLevel(DurabilityLevel level) =>
        level > DurabilityLevel.Synced ? DurabilityLevel.Synced : level;

    private static DurabilityLevel? ParseLevel(string? text) => text switch
    {
        null => null,
        _ when Enum.TryParse(text, ignoreCase: true, out DurabilityLevel level) && Enum.IsDefined(level) => level,
        _ => throw new SettingException($"--flush '{text}': expected accepted, journaled or synced"),
    };

    private sealed class Summary
    {
        public long Events { get; private set; }

        public long Bytes { get; private set; }

        public ulong First { get; private set; }

        public ulong Last { get; private set; }

        public void Add(ulong tick, long bytes)
        {
            First = Events == 0 ? tick : First;
            Last = tick;
            Events++;
            Bytes += bytes;
        }
    }

    // Keeps the mean rate: what is due by now may be recorded at once.
    private sealed class Pace(double rate)
    {
        private readonly long started = Stopwatch.GetTimestamp();
        private long count;

        public bool IsDue => rate == 0 || count < Stopwatch.GetElapsedTime(started).TotalSeconds * rate;

        public void Count() => count++;

        public Task WaitAsync(CancellationToken cancellation) =>
            Task.Delay(TimeSpan.FromMilliseconds(Math.Clamp(1000 / rate, 1, 1000)), cancellation);
    }
}
