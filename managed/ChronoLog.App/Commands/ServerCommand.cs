using System.CommandLine;
using System.Text.Json;
using ChronoLog.App.Hosting;
using ChronoLog.Core.Settings;
using ChronoLog.Interop.Posix;

namespace ChronoLog.App.Commands;

/// <summary>A server's subcommand: one option per settings row, and --config.</summary>
internal static class ServerCommand
{
    /// <summary>For a supervisor's children: the terminal's signals are the supervisor's to answer.</summary>
    public static readonly Option<bool> OwnSession = new("--own-session") { Hidden = true };

    /// <summary>For a job's servers: the process with this number is their parent, and when it is gone they end in order.</summary>
    public static readonly Option<int?> EndWith = new("--end-with") { Hidden = true };

    private static readonly TimeSpan ParentPeriod = TimeSpan.FromMilliseconds(500);

    public static Command Create(string role, string help, SettingTable table, Func<SettingValues, CancellationToken, Task<int>> run)
    {
        var command = new Command(role, help);
        var config = new Option<string?>("--config") { Description = "Settings file (JSON).", HelpName = "FILE" };
        command.Options.Add(config);
        command.Options.Add(OwnSession);
        command.Options.Add(EndWith);
        Dictionary<Setting, Option<string?>> options = AddRows(command, table);
        command.SetRunner(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(OwnSession))
            {
                PosixProcess.LeaveSession();
            }

            SettingValues values = Load(table, parsed, options, parsed.GetValue(config));
            if (parsed.GetValue(EndWith) is { } parent)
            {
                StopSignal.IsOrderedByQuit = true;
                _ = WatchParentAsync(parent);
            }

            return await run(values, cancellation);
        });
        return command;
    }

    private static async Task WatchParentAsync(int parent)
    {
        using var timer = new PeriodicTimer(ParentPeriod);
        while (await timer.WaitForNextTickAsync())
        {
            if (PosixProcess.Parent != parent)
            {
                PosixProcess.Quit(Environment.ProcessId);
                return;
            }
        }
    }

    public static Dictionary<Setting, Option<string?>> AddRows(Command command, SettingTable table)
    {
        var options = new Dictionary<Setting, Option<string?>>();
        foreach (Setting row in table.Rows)
        {
            string fallback = row.Default.Length == 0 ? "" : $" [default: {row.Default}]";
            var option = new Option<string?>("--" + row.Name)
            {
                Description = $"{row.Help} {char.ToUpperInvariant(row.Kind[0])}{row.Kind[1..]}.{fallback}",
                HelpName = "VALUE",
            };
            if (row.Kind.Contains(" | ", StringComparison.Ordinal))
            {
                option.CompletionSources.Add(row.Kind.Split(" | "));
            }

            command.Options.Add(option);
            options.Add(row, option);
        }

        return options;
    }

    public static SettingValues Load(
        SettingTable table, ParseResult parsed, Dictionary<Setting, Option<string?>> options, string? file)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((Setting row, Option<string?> option) in options)
        {
            if (parsed.GetValue(option) is { } text)
            {
                given[row.Name] = text;
            }
        }

        return Load(table, given, file);
    }

    public static SettingValues Load(SettingTable table, IReadOnlyDictionary<string, string> given, string? file)
    {
        using JsonDocument? document = file is null ? null : Read(file);
        SettingFile? content = document is null
            ? null
            : new SettingFile(file!, document.RootElement, [.. ConfigCommand.Tables.Values]);
        return table.Load(given, Environment.GetEnvironmentVariable, content);
    }

    private static JsonDocument Read(string file)
    {
        try
        {
            return JsonDocument.Parse(
                File.ReadAllBytes(file),
                new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        }
        catch (JsonException exception)
        {
            throw new SettingException($"settings file {file} is no JSON: {exception.Message}");
        }
    }
}
