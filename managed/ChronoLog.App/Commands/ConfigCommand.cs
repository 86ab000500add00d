using System.CommandLine;
using System.Text.Json;
using ChronoLog.App.Hosting;
using ChronoLog.Core.Settings;

namespace ChronoLog.App.Commands;

/// <summary><c>chronolog config show|check</c>: the settings of a role, their values, sources and ranges.</summary>
internal static class ConfigCommand
{
    public static readonly IReadOnlyDictionary<string, SettingTable> Tables = new Dictionary<string, SettingTable>
    {
        ["visor"] = VisorSettings.Table,
        ["keeper"] = KeeperSettings.Table,
        ["grapher"] = GrapherSettings.Table,
        ["player"] = PlayerSettings.Table,
    };

    public static Command Create()
    {
        var command = new Command("config", "Show or check settings.");
        command.Subcommands.Add(Make("show", "Every setting of a role: value, source, range, help.", Show));
        command.Subcommands.Add(Make("check", "Read the settings as the role would, and say what is wrong.", Check));
        return command;
    }

    private static Command Make(string name, string help, Func<string, SettingValues, bool, int> action)
    {
        var role = new Argument<string>("ROLE") { Description = "visor, keeper, grapher or player" };
        role.AcceptOnlyFromAmong([.. Tables.Keys]);
        var file = new Option<string?>("--config") { Description = "Settings file (JSON).", HelpName = "FILE" };
        var set = new Option<string[]>("--set") { Description = "NAME=VALUE, as on the command line.", HelpName = "NAME=VALUE" };
        var command = new Command(name, help) { role, file, set };
        command.SetRunner((parsed, _) =>
        {
            SettingTable table = Tables[parsed.GetValue(role)!];
            var given = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (string pair in parsed.GetValue(set) ?? [])
            {
                string[] parts = pair.Split('=', 2);
                given[Known(table, parts[0])] = parts.Length == 2 ? parts[1] : "";
            }

            SettingValues values = ServerCommand.Load(table, given, parsed.GetValue(file));
            return Task.FromResult(action(parsed.GetValue(role)!, values, parsed.GetValue(CommonOptions.Json)));
        });
        return command;
    }

    private static string Known(SettingTable table, string name) => table.Rows.Any(row => row.Name == name)
        ? name
        : throw new SettingException(
            $"--set '{name}': no setting of {table.Section}; the nearest that exists is "
            + $"'{NearestName.Of(name, table.Rows.Select(row => row.Name))}'");

    private static int Show(string role, SettingValues values, bool json)
    {
        if (!json)
        {
            foreach (var (row, text, source) in values.All)
            {
                Console.WriteLine($"{row.Name} = {(text.Length == 0 ? "(none)" : text)}    [{source}; {row.Kind}]");
                Console.WriteLine($"    {row.Help}  ({row.EnvironmentVariable}, \"{row.JsonKey}\")");
            }

            return ExitCode.Done;
        }

        using var writer = new Utf8JsonWriter(Console.OpenStandardOutput());
        writer.WriteStartObject();
        foreach (var (row, text, source) in values.All)
        {
            writer.WriteStartObject(row.JsonKey);
            row.WriteJson(writer, "value", text);
            writer.WriteString("source", source.ToString());
            writer.WriteString("kind", row.Kind);
            row.WriteJson(writer, "default", row.Default);
            writer.WriteString("help", row.Help);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        return ExitCode.Done;
    }

    private static int Check(string role, SettingValues values, bool json)
    {
        Console.WriteLine(json ? $$"""{"role":"{{role}}","ok":true}""" : $"the settings of {role} are good");
        return ExitCode.Done;
    }
}
