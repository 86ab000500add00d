using System.CommandLine;
using ChronoLog.App.Demo;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;

namespace ChronoLog.App.Commands;

/// <summary><c>chronolog demo</c>.</summary>
internal static class DemoCommand
{
    private const int LogLinesMin = 100;

    private static readonly Option<string?> Dir =
        new("--dir") { Description = "Keep the deployment's files here; default: a temporary directory.", HelpName = "DIR" };

    private static readonly Option<string?> LogFile =
        new("--log") { Description = "Text log to replay; default: one of /var/log.", HelpName = "FILE" };

    private static readonly Option<double> Seconds =
        new("--seconds") { Description = "How long to record.", DefaultValueFactory = _ => 8, HelpName = "N" };

    private static readonly Option<string?> Client = new("--client") { Hidden = true };
    private static readonly Option<double> Samples = new("--samples") { Hidden = true, DefaultValueFactory = _ => 100 };

    public static Command Create()
    {
        var command = new Command("demo", "Record, archive and replay real data of this machine on a private deployment.")
        {
            Dir, LogFile, Seconds, Client, Samples,
        };
        command.SetRunner((parsed, cancellation) => parsed.GetValue(Client) is { } subjects
            ? RecordAsync(parsed, subjects, cancellation)
            : RunAsync(parsed, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string log = parsed.GetValue(LogFile) ?? FindLog();
        string? given = parsed.GetValue(Dir);
        string directory = given ?? Directory.CreateTempSubdirectory("chronolog-demo-").FullName;
        var demo = new DemoRun(Path.GetFullPath(directory), log, TimeSpan.FromSeconds(Math.Clamp(parsed.GetValue(Seconds), 4, 600)));
        int code = await demo.RunAsync(cancellation);
        if (given is null && code == ExitCode.Done)
        {
            Directory.Delete(directory, recursive: true);
        }

        return code;
    }

    private static async Task<int> RecordAsync(ParseResult parsed, string subjects, CancellationToken cancellation)
    {
        await using ChronoClient client = await ClientSession.ConnectAsync(parsed, cancellation);
        long events = await TelemetryClient.RunAsync(
            client, "demo", "machine", subjects.Split(','), parsed.GetValue(Samples),
            TimeSpan.FromSeconds(parsed.GetValue(Seconds)), cancellation);
        JsonOutput.WriteLine(writer => writer.WriteNumber("events", events));
        return ExitCode.Done;
    }

    private static string FindLog() =>
        new[] { "/var/log/syslog", "/var/log/messages", "/var/log/dpkg.log", "/var/log/bootstrap.log", "/var/log/alternatives.log" }
            .Concat(Directory.Exists("/var/log") ? Directory.EnumerateFiles("/var/log", "*.log") : [])
            .FirstOrDefault(IsUsable)
        ?? throw new ChronoLogException(Status.NotExist, "no readable text log of 100 lines in /var/log; give one with --log FILE");

    private static bool IsUsable(string path)
    {
        try
        {
            return File.Exists(path) && File.ReadLines(path).Take(LogLinesMin).Count() == LogLinesMin;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
