using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using ChronoLog.App.Hosting;
using ChronoLog.App.Import;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Settings;
using ChronoLog.Core.Time;
using ChronoLog.Transport.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.App.Commands;

/// <summary><c>chronolog import</c>: historical logs, with their own times, straight into the archive.</summary>
internal static class ImportCommand
{
    private static readonly Argument<string[]> Files = new("FILE")
    {
        Description = "Text, one line after the other, in any order of time; - is standard input.", Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string> Chronicle = new("--chronicle", "-c")
    {
        Description = "Chronicle to import into; default: import.", HelpName = "NAME", DefaultValueFactory = static _ => "import",
    };

    private static readonly Option<string?> Story = new("--story", "-s")
    {
        Description = "Story to import into; default: the file's name.", HelpName = "NAME",
    };

    private static readonly Option<bool> CreateMissing = new("--create") { Description = "Create a missing chronicle." };

    private static readonly Option<string> Format = new("--time-format")
    {
        Description = "rfc3339 (default), unix, unix-ms, unix-us, unix-ns, syslog, clf, or a pattern of strptime's fields.",
        HelpName = "FMT",
        DefaultValueFactory = static _ => "rfc3339",
    };

    private static readonly Option<string?> Expression = new("--time-regex")
    {
        Description = "Where the time is: group 'time', or the first group, or all of the match.", HelpName = "RE",
    };

    private static readonly Option<int?> Column = new("--time-column")
    {
        Description = "The column in which the time begins, from 1.", HelpName = "N",
    };

    private static readonly Option<string?> Separator = new("--separator")
    {
        Description = "Character between columns; default: blanks.", HelpName = "C",
    };

    private static readonly Option<string> Zone = new("--timezone")
    {
        Description = "Of times without an offset: utc (default), local, +HH:MM, or a name (Europe/Berlin).",
        HelpName = "ZONE",
        DefaultValueFactory = static _ => "utc",
    };

    private static readonly Option<int?> Year = new("--year")
    {
        Description = "Of times without a year; default: the latest in which they are not after the file's last change.",
        HelpName = "YYYY",
    };

    private static readonly Option<string> OnError = new("--on-error")
    {
        Description = "fail (default): a line that is in no event, or whose time cannot be, ends the import before anything is "
            + "imported; skip: it is left out and counted.",
        HelpName = "WHAT",
        DefaultValueFactory = static _ => "fail",
    };

    private static readonly Option<string?> Source = new("--source")
    {
        Description = "Name of what is imported: the same source is imported once. Default: host and path of the file.",
        HelpName = "NAME",
    };

    private static readonly Option<string?> Temporary = new("--temp")
    {
        Description = "Directory of temporary files, as large as the input; default: the system's.", HelpName = "DIR",
    };

    private static readonly Option<string> ChunkBytes = new("--chunk-bytes")
    {
        Description = "Most bytes of records in one StoryFile, 64KiB .. 48MiB; default: 16MiB.",
        HelpName = "BYTES",
        DefaultValueFactory = static _ => "16MiB",
    };

    private static readonly Option<bool> NoVerify = new("--no-verify") { Description = "Do not replay what was imported." };

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static Command Create()
    {
        var command = new Command("import", "Import historical logs with their own times straight into the archive.")
        {
            Files, Chronicle, Story, CreateMissing, Format, Expression, Column, Separator, Zone, Year, OnError, Source,
            Temporary, ChunkBytes, NoVerify,
        };
        command.SetRunner(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        ImportOptions options = Options(parsed);
        string[] files = parsed.GetValue(Files)!;
        if (files.Length > 1 && options.Source is not null)
        {
            throw new SettingException("--source names one file's source: import several files one by one");
        }

        if (files.Contains("-") && options.Source is null)
        {
            throw new SettingException("standard input has no name: give it one with --source, the same for the same input");
        }

        foreach (string file in files.Where(static file => file != "-" && !File.Exists(file)))
        {
            throw new SettingException(
                Directory.Exists(file) ? $"'{file}' is a directory: name its files" : $"'{file}': there is no such file");
        }

        using var stop = new StopSignal(cancellation);
        await using ChronoClient client = await ClientSession.ConnectAsync(parsed, stop.Token);
        await using var connector = new ZmqRpcConnector(NullLogger.Instance);
        await using var portal = connector.Open(CommonOptions.EndpointOf(parsed));
        foreach (string file in files)
        {
            string name = parsed.GetValue(Story) ?? (file == "-" ? options.Source! : Path.GetFileName(file));
            ImportStory story = await ImportStory.AcquireAsync(
                client, portal, parsed.GetValue(Chronicle)!, name, parsed.GetValue(CreateMissing), stop.Token);
            try
            {
                await ImportAsync(parsed, options, client, story, file, stop.Token);
            }
            catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
            {
                Console.Error.WriteLine($"chronolog: {file}: stopped; run it again, what is archived is not imported twice");
                return ExitCode.Failed;
            }
            finally
            {
                await story.ReleaseAsync();
            }
        }

        return ExitCode.Done;
    }

    private static async Task ImportAsync(
        ParseResult parsed, ImportOptions options, ChronoClient client, ImportStory story, string path,
        CancellationToken stop)
    {
        ulong now = client.Clock.Now;
        await using var feed = new ArchiveFeed(story, now, Patience);
        ImportedFile file;
        try
        {
            file = await new ImportRun(options, story, feed, now).RunAsync(path, stop);
        }
        catch
        {
            await feed.FinishAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // their memory is pulled from
            throw;
        }

        await feed.FinishAsync();
        bool verifies = !parsed.GetValue(NoVerify) && file.Events > 0 && ShowsAll(story.Descriptor);
        if (verifies)
        {
            await ImportCheck.RunAsync(client, story.Descriptor, file, stop);
        }

        Report(parsed, story.Descriptor, file, feed.Chunks, verifies);
    }

    // Another policy's replays leave events out, or give them other times.
    private static bool ShowsAll(StoryDescriptor story) =>
        story.Attributes.GetValueOrDefault("collision", "redundancy") is "redundancy" or "ordering";

    private static void Report(
        ParseResult parsed, StoryDescriptor story, ImportedFile file, long chunks, bool isVerified)
    {
        if (parsed.GetValue(CommonOptions.Json))
        {
            JsonOutput.WriteLine(writer =>
            {
                writer.WriteString("file", file.Path);
                writer.WriteString("chronicle", story.Chronicle);
                writer.WriteString("story", story.Story);
                writer.WriteString("source", file.Source.Name);
                writer.WriteNumber("lines", file.Lines);
                writer.WriteNumber("events", file.Events);
                writer.WriteNumber("skipped", file.Skipped);
                writer.WriteNumber("chunks", chunks);
                writer.WriteBoolean("verified", isVerified);
                if (file.Events > 0)
                {
                    writer.WriteNumber("first", file.First);
                    writer.WriteNumber("last", file.Last);
                }
            });
            return;
        }

        string skipped = file.Skipped > 0 ? $", {file.Skipped} lines skipped" : "";
        Console.WriteLine(
            $"{file.Path}: {file.Lines} lines, {file.Events} events{skipped}, archived in {story.Chronicle}/{story.Story}"
            + (isVerified ? ", verified by replay" : ""));
        if (file.Events > 0)
        {
            Console.WriteLine($"first {ChronoTick.Format(file.First)}  {file.First}");
            Console.WriteLine($"last  {ChronoTick.Format(file.Last)}  {file.Last}");
        }
    }

    private static ImportOptions Options(ParseResult parsed)
    {
        string? separator = parsed.GetValue(Separator);
        separator = separator == "\\t" ? "\t" : separator;
        string bytes = parsed.GetValue(ChunkBytes)!;
        bool isSize = SettingKinds.TryReadBytes(bytes, out long chunkBytes) && chunkBytes is >= 64 << 10 and <= 48 << 20;
        string onError = parsed.GetValue(OnError)!;
        var options = new ImportOptions
        {
            Format = parsed.GetValue(Format)!,
            Zone = ZoneOf(parsed.GetValue(Zone)!),
            Year = parsed.GetValue(Year),
            Expression = ExpressionOf(parsed.GetValue(Expression)),
            Column = parsed.GetValue(Column) is < 1
                ? throw new SettingException("--time-column: columns count from 1")
                : parsed.GetValue(Column),
            Separator = separator is null or { Length: 1 }
                ? separator?[0]
                : throw new SettingException($"--separator '{separator}': expected one character"),
            Source = parsed.GetValue(Source),
            SkipsErrors = onError is "fail" or "skip"
                ? onError == "skip"
                : throw new SettingException($"--on-error '{onError}': expected fail or skip"),
            TemporaryDirectory = parsed.GetValue(Temporary) ?? Path.GetTempPath(),
            ChunkBytes = isSize
                ? (int)chunkBytes
                : throw new SettingException($"--chunk-bytes '{bytes}': expected 64KiB .. 48MiB"),
        };
        _ = options.Finder(0); // a wrong format is told before anything is connected
        return options;
    }

    private static Regex? ExpressionOf(string? text)
    {
        try
        {
            return text is null ? null : new Regex(text, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
        }
        catch (ArgumentException exception)
        {
            throw new SettingException($"--time-regex '{text}': {exception.Message}");
        }
    }

    private static TimeZoneInfo ZoneOf(string text)
    {
        if (text is "utc" or "UTC" or "Z")
        {
            return TimeZoneInfo.Utc;
        }

        if (text == "local")
        {
            return TimeZoneInfo.Local;
        }

        bool isOffset = text.Length > 1 && text[0] is '+' or '-';
        if (isOffset && TimeSpan.TryParseExact(text[1..], ["hh\\:mm", "hhmm", "hh"], CultureInfo.InvariantCulture, out TimeSpan offset)
            && offset <= TimeSpan.FromHours(14))
        {
            return TimeZoneInfo.CreateCustomTimeZone(text, text[0] == '-' ? -offset : offset, text, text);
        }

        try
        {
            return TimeZoneInfo.FindSystemTimeZoneById(text);
        }
        catch (Exception exception) when (exception is TimeZoneNotFoundException or InvalidTimeZoneException or ArgumentException)
        {
            throw new SettingException($"--timezone '{text}': expected utc, local, +HH:MM, or a name (Europe/Berlin)");
        }
    }
}
