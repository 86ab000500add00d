using System.CommandLine;
using ChronoLog.App.Hosting;
using ChronoLog.App.Torture;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Settings;

namespace ChronoLog.App.Commands;

/// <summary><c>chronolog torture</c> and <c>chronolog verify</c>.</summary>
internal static class TortureCommands
{
    private static readonly string[] Targets = ["keeper", "keeper-for-good", "grapher", "player", "visor", "writer", "all"];

    private static readonly Argument<string> Chronicle = new("CHRONICLE") { Description = "Name of the chronicle." };
    private static readonly Argument<string> Story = new("STORY") { Description = "Name of the story." };

    private static readonly Option<string?> Dir = new("--dir")
    {
        Description = "Keep the deployment's files here; default: a temporary directory.", HelpName = "DIR",
    };

    private static readonly Option<double> Seconds = Number("--seconds", "How long to kill.", 30);
    private static readonly Option<int> Writers = Count("--writers", "Writer processes.", 4);
    private static readonly Option<int> Keepers = Count("--keepers", "Keepers.", 2);
    private static readonly Option<int> Replicas = Count("--replicas", "Keepers that get each event: 1 or 2.", 1);
    private static readonly Option<double> Rate = Number("--rate", "Events per second of each writer.", 2000);
    private static readonly Option<int> Size = Count("--size", "Bytes of a record.", 100);
    private static readonly Option<int> Seed = Count("--seed", "Decides what is killed when.", 1);
    private static readonly Option<double> Every = Number("--every", "Mean seconds between two kills.", 3);

    private static readonly Option<string> Level = new("--level")
    {
        Description = "Level that the writers wait for: accepted, journaled, synced, replicated.",
        DefaultValueFactory = _ => "journaled",
        HelpName = "LEVEL",
    };

    private static readonly Option<string> Kill = new("--kill")
    {
        Description = $"What is killed: none, or a list of {string.Join(", ", Targets)}.",
        DefaultValueFactory = _ => "keeper,grapher,player,visor,writer,all",
        HelpName = "LIST",
    };

    private static readonly Option<double?> StallMax = new("--stall-max")
    {
        Description = "Most seconds that one LogEvent may take.", HelpName = "N",
    };

    private static readonly Option<string[]> Set = new("--set")
    {
        Description = "A setting for every process of a role: keeper.journal-quota=1GiB", HelpName = "ROLE.SETTING=VALUE",
    };

    private static readonly Option<int?> Writer = new("--writer") { Hidden = true };
    private static readonly Option<int> Incarnation = new("--incarnation") { Hidden = true };

    public static IEnumerable<Command> Create()
    {
        var torture = new Command(
            "torture", "Kill processes of a private deployment under load, and check that no promise is broken.")
        {
            Dir, Seconds, Writers, Keepers, Replicas, Level, Rate, Size, Kill, Every, Seed, StallMax, Set, Writer, Incarnation,
        };
        torture.SetRunner((parsed, cancellation) => parsed.GetValue(Writer) is { } number
            ? WriteAsync(parsed, number, cancellation)
            : TortureAsync(parsed, cancellation));
        var verify = new Command("verify", "Replay a story and check order, uniqueness and completeness.")
        {
            Chronicle, Story,
        };
        verify.SetRunner(VerifyAsync);
        return [torture, verify];
    }

    private static async Task<int> TortureAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string? given = parsed.GetValue(Dir);
        string directory = Path.GetFullPath(given ?? Directory.CreateTempSubdirectory("chronolog-torture-").FullName);
        var options = new TortureOptions
        {
            Directory = directory,
            Duration = TimeSpan.FromSeconds(Math.Clamp(parsed.GetValue(Seconds), 0.1, 86400)),
            Writers = Math.Clamp(parsed.GetValue(Writers), 1, 64),
            Keepers = Math.Clamp(parsed.GetValue(Keepers), 1, 16),
            Replicas = Math.Clamp(parsed.GetValue(Replicas), 1, 2),
            Level = ParseLevel(parsed.GetValue(Level)!),
            Rate = Math.Clamp(parsed.GetValue(Rate), 1, 1e6),
            RecordBytes = Math.Clamp(parsed.GetValue(Size), TortureRecord.LengthMin, 1 << 20),
            Kill = ParseTargets(parsed.GetValue(Kill)!),
            Every = TimeSpan.FromSeconds(Math.Clamp(parsed.GetValue(Every), 0.05, 3600)),
            Seed = parsed.GetValue(Seed),
            StallMax = parsed.GetValue(StallMax) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Settings = parsed.GetValue(Set) ?? [],
        };
        TortureReport report = await new TortureRun(options).RunAsync(cancellation);
        Write(parsed, report);
        if (given is null && report.IsGood)
        {
            Directory.Delete(directory, recursive: true);
        }
        else
        {
            Console.Error.WriteLine($"chronolog: logs, journals and archive are in {directory}");
        }

        return report.IsGood ? ExitCode.Done : ExitCode.Failed;
    }

    private static async Task<int> WriteAsync(ParseResult parsed, int number, CancellationToken cancellation)
    {
        using var stop = new StopSignal(cancellation);
        var writer = new TortureWriter(
            CommonOptions.EndpointOf(parsed), number, parsed.GetValue(Incarnation), ParseLevel(parsed.GetValue(Level)!),
            parsed.GetValue(Rate), parsed.GetValue(Size));
        return await writer.RunAsync(stop.Token);
    }

    private static async Task<int> VerifyAsync(ParseResult parsed, CancellationToken cancellation)
    {
        await using ChronoClient client = await ClientSession.ConnectAsync(parsed, cancellation);
        StoryCheck check = await StoryCheck.ReplayAsync(
            client, parsed.GetValue(Chronicle)!, parsed.GetValue(Story)!, cancellation);
        var report = new TortureReport();
        report.Fact("events", check.Events);
        report.Fact("watermark", check.Watermark);
        report.Fact("checksum", check.Checksum.ToString("x8", System.Globalization.CultureInfo.InvariantCulture));
        foreach ((int writer, int incarnation, NumberSet numbers) in check.Writers)
        {
            report.Fact($"writer {writer}.{incarnation}", $"{numbers.Count} of {numbers.End} records");
        }

        report.Check("replay", check);
        Write(parsed, report);
        return report.IsGood ? ExitCode.Done : ExitCode.Failed;
    }

    private static void Write(ParseResult parsed, TortureReport report)
    {
        if (parsed.GetValue(CommonOptions.Json))
        {
            JsonOutput.WriteLine(report.WriteJson);
        }
        else
        {
            report.WriteText();
        }
    }

    private static DurabilityLevel ParseLevel(string text) =>
        Enum.TryParse(text, ignoreCase: true, out DurabilityLevel level) && level <= DurabilityLevel.Replicated
            ? level
            : throw new SettingException($"--level '{text}': expected accepted, journaled, synced or replicated");

    private static List<string> ParseTargets(string text)
    {
        List<string> targets = text == "none"
            ? []
            : [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        return targets.Find(target => !Targets.Contains(target)) is { } unknown
            ? throw new SettingException($"--kill '{unknown}': expected none, or a list of {string.Join(", ", Targets)}")
            : targets;
    }

    private static Option<double> Number(string name, string help, double value) =>
        new(name) { Description = help, DefaultValueFactory = _ => value, HelpName = "N" };

    private static Option<int> Count(string name, string help, int value) =>
        new(name) { Description = help, DefaultValueFactory = _ => value, HelpName = "N" };
}
