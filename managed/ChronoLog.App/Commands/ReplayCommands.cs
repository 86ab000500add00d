using System.CommandLine;
using ChronoLog.Client;
using ChronoLog.App.Hosting;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Settings;
using ChronoLog.Core.Time;

namespace ChronoLog.App.Commands;

/// <summary><c>chronolog replay</c> and <c>chronolog tail</c>.</summary>
internal static class ReplayCommands
{
    private static readonly Argument<string> Chronicle = new("CHRONICLE") { Description = "Name of the chronicle." };
    private static readonly Argument<string> Story = new("STORY") { Description = "Name of the story." };
    private static readonly Option<string?> Start = new("--start")
    {
        Description = "First tick: tick, RFC 3339, or -10m; default: all.", HelpName = "T",
    };

    private static readonly Option<string?> End = new("--end") { Description = "Tick before which to stop.", HelpName = "T" };
    private static readonly Option<string?> Last = new("--last") { Description = "The last DURATION up to now.", HelpName = "DURATION" };
    private static readonly Option<ulong> Limit = new("--limit") { Description = "Most events; default: all.", HelpName = "N" };
    private static readonly Option<string?> Format = new("--format")
    {
        Description = $"One of {EventFormat.Names}; default text.", HelpName = "FORMAT",
    };

    private static readonly Option<string?> From = new("--from") { Description = "Where to begin; default: now.", HelpName = "T" };
    private static readonly Option<string?> Mode = new("--mode")
    {
        Description = "ordered (default): in total order, some 40 ms behind; immediate: as they come. "
            + "Late events have an asterisk, in JSON late.",
        HelpName = "MODE",
    };

    public static IEnumerable<Command> Create()
    {
        var replay = new Command("replay", "Replay a time range of a story in total order.")
        {
            Chronicle, Story, Start, End, Last, Limit, Format,
        };
        replay.SetRunner(ReplayAsync);
        var tail = new Command("tail", "Replay, and then follow a story until interrupted.") 
        {
            Chronicle, Story, From, Mode, Format,
        };
        tail.SetRunner(TailAsync);
        return [replay, tail];
    }

    private static async Task<int> ReplayAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string format = FormatOf(parsed);
        await using ChronoClient client = await ClientSession.ConnectAsync(parsed, cancellation);
        (ulong start, ulong end) = RangeOf(parsed, client.Clock.Now);
        await using var output = new EventOutput(format, cancellation);
        await using Replay replay = await client.ReplayAsync(
            parsed.GetValue(Chronicle)!, parsed.GetValue(Story)!, start, end, parsed.GetValue(Limit), cancellation);
        try
        {
            await foreach (EventPage page in replay.WithCancellation(output.Stop))
            {
                await output.WriteAsync(page);
            }

            await output.FlushAsync();
        }
        catch (OperationCanceledException) when (output.Stop.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return ExitCode.Done; // who read it has seen enough
        }

        if (replay.Gaps.Count > 0)
        {
            SayGaps(replay.Gaps, "PARTIAL: ");
        }

        return replay.Status == Status.Ok ? ExitCode.Done : ExitCode.Failed;
    }

    private static async Task<int> TailAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string format = FormatOf(parsed);
        PlaybackMode mode = parsed.GetValue(Mode) switch
        {
            null or "ordered" => PlaybackMode.Ordered,
            "immediate" => PlaybackMode.Immediate,
            string other => throw new SettingException($"--mode '{other}': expected ordered or immediate"),
        };
        using var stop = new StopSignal(cancellation);
        await using ChronoClient client = await ClientSession.ConnectAsync(parsed, cancellation);
        ulong now = client.Clock.Now;
        ulong from = parsed.GetValue(From) is { } text ? TickOf(text, "--from", now) : now;
        await using var output = new EventOutput(format, stop.Token);
        try
        {
            await output.FlushAsync(); // a header is there before the first event
            await foreach (PlaybackPage page in client.PlaybackAsync(
                parsed.GetValue(Chronicle)!, parsed.GetValue(Story)!, from, mode, output.Stop))
            {
                if (page.Page is null)
                {
                    SayGaps(page.Gaps);
                    continue;
                }

                await output.WriteAsync(page.Page, !page.IsInOrder);
            }
        }
        catch (OperationCanceledException) when (output.Stop.IsCancellationRequested)
        {
        }

        return ExitCode.Done;
    }

    private static void SayGaps(IReadOnlyCollection<Gap> gaps, string status = "")
    {
        foreach (Gap gap in gaps)
        {
            string end = gap.EndTime == ulong.MaxValue ? "on" : $".. {ChronoTick.Format(gap.EndTime)}";
            Console.Error.WriteLine(
                $"chronolog: {status}{ChronoTick.Format(gap.StartTime)} {end} may be missing: {gap.Reason}");
        }

        if (gaps.Count == 0)
        {
            Console.Error.WriteLine("chronolog: nothing is missing any more");
        }
    }

    private static (ulong Start, ulong End) RangeOf(ParseResult parsed, ulong now)
    {
        if (parsed.GetValue(Last) is { } last)
        {
            if (parsed.GetValue(Start) is not null || parsed.GetValue(End) is not null)
            {
                throw new SettingException("--last goes with neither --start nor --end");
            }

            return ChronoTick.TryParseDuration(last, out ulong nanoseconds)
                ? (ChronoTick.SubtractSaturating(now, nanoseconds), ulong.MaxValue)
                : throw new SettingException($"--last '{last}': expected a duration such as 500ms, 30s, 10m");
        }

        ulong start = parsed.GetValue(Start) is { } from ? TickOf(from, "--start", now) : 0;
        ulong end = parsed.GetValue(End) is { } to ? TickOf(to, "--end", now) : ulong.MaxValue;
        return start <= end
            ? (start, end)
            : throw new SettingException($"--start {start} lies after --end {end}");
    }

    private static ulong TickOf(string text, string option, ulong now) => ChronoTick.TryParse(text, now, out ulong tick)
        ? tick
        : throw new SettingException($"{option} '{text}': expected a tick, an RFC 3339 time, or a time relative to now such as -10m");

    private static string FormatOf(ParseResult parsed)
    {
        string format = parsed.GetValue(Format) ?? (parsed.GetValue(CommonOptions.Json) ? "json" : "text");
        return EventFormat.IsKnown(format)
            ? format
            : throw new SettingException($"--format '{format}': expected one of {EventFormat.Names}");
    }
}
