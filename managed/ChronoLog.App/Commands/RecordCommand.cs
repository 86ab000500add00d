using System.CommandLine;
using ChronoLog.App.Hosting;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Settings;

namespace ChronoLog.App.Commands;

/// <summary>
/// <c>chronolog record</c>: one event per line of the input. SIGTERM and SIGINT end the input early: what was recorded
/// is flushed and summed up all the same.
/// </summary>
internal static class RecordCommand
{
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromMinutes(1);

    // Batch systems kill 30 s after SIGTERM: flush and release must both have had their chance by then.
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

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
        Description = "Level to wait for at the end: accepted, journaled, synced, replicated, archived; default: the chronicle's.",
        HelpName = "LEVEL",
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
        double rate = parsed.GetValue(Rate);
        if (rate < 0 || !double.IsFinite(rate))
        {
            throw new SettingException($"--rate {rate}: expected a positive number of events per second");
        }

        using var stop = new StopSignal(cancellation);
        try
        {
            Stream input = await OpenAsync(parsed.GetValue(File), stop.Token);
            await using ChronoClient client = await ClientSession.ConnectAsync(parsed, stop.Token);
            StoryHandle story = await client.AcquireStoryAsync(
                parsed.GetValue(Chronicle)!, parsed.GetValue(Story)!, createChronicle: parsed.GetValue(CreateMissing),
                cancellation: stop.Token);
            return await RecordAsync(parsed, client, story, input, level ?? RingLevel(story.Durability), stop.Token);
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            Console.Error.WriteLine("chronolog: stopped before the story was acquired; nothing was recorded");
            return ExitCode.Failed;
        }
    }

    // To open a named pipe takes until somebody writes to it. The stream is closed by the end of the process: a read of
    // it that a stop left alone may still be going on.
    private static async Task<Stream> OpenAsync(string? path, CancellationToken stop) => path is null or "-"
        ? Console.OpenStandardInput()
        : await Task.Run(() => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16), stop)
            .WaitAsync(stop);

    private static async Task<int> RecordAsync(
        ParseResult parsed, ChronoClient client, StoryHandle story, Stream stream, DurabilityLevel level,
        CancellationToken stop)
    {
        var summary = new RecordSummary(story);
        var input = new LineInput(stream, parsed.GetValue(Null) ? (byte)0 : (byte)'\n');
        bool isAll;
        try
        {
            isAll = await input.ReadAsync(summary.Log, new Pace(parsed.GetValue(Rate)), stop);
            await story.FlushAsync(level, isAll ? FlushTimeout : StopTimeout, CancellationToken.None);
        }
        catch (Exception exception)
        {
            Console.Error.WriteLine(
                $"chronolog: {summary.Events} events were taken before the failure, the last at {summary.Last}; "
                + "those that were not flushed may be missing");
            if (!stop.IsCancellationRequested || exception is not ChronoLogException)
            {
                throw;
            }

            Console.Error.WriteLine($"chronolog: {exception.Message}");
            summary.Report(parsed);
            return ExitCode.Failed;
        }

        await LeaveAsync(client, story, isAll);
        if (input.BytesLeft > 0 && !isAll)
        {
            Console.Error.WriteLine(
                $"chronolog: stopped; the last {input.BytesLeft} bytes are not recorded: "
                + "no whole line, or held back by --rate");
        }

        summary.Report(parsed);
        return ExitCode.Done;
    }

    // After a stop the events are at their level: a Visor that was stopped too must not turn that into a failure.
    private static async Task LeaveAsync(ChronoClient client, StoryHandle story, bool isAll)
    {
        try
        {
            Task release = client.ReleaseStoryAsync(story.Chronicle, story.Story);
            await (isAll ? release : release.WaitAsync(StopTimeout));
            await client.DisconnectAsync();
        }
        catch (Exception exception) when (!isAll && exception is ChronoLogException or TimeoutException)
        {
            Console.Error.WriteLine(
                $"chronolog: the story was not given back, its lease will end: {exception.Message}");
        }
    }

    // The release that follows waits for whatever the chronicle wants beyond that.
    private static DurabilityLevel RingLevel(DurabilityLevel level) =>
        level > DurabilityLevel.Synced ? DurabilityLevel.Synced : level;

    private static DurabilityLevel? ParseLevel(string? text) => text switch
    {
        null => null,
        _ when Enum.TryParse(text, ignoreCase: true, out DurabilityLevel level) && Enum.IsDefined(level) => level,
        _ => throw new SettingException($"--flush '{text}': expected accepted, journaled, synced, replicated or archived"),
    };
}
