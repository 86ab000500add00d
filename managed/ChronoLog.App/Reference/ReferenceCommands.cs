using System.CommandLine;
using System.Reflection;
using ChronoLog.App.Commands;

namespace ChronoLog.App.Reference;

/// <summary>
/// <c>chronolog completion bash</c>, and the hidden <c>chronolog manual DIR</c> by which the installation makes its pages:
/// both from the table of commands that runs, so they cannot go stale.
/// </summary>
internal static class ReferenceCommands
{
    public static IEnumerable<Command> Create(RootCommand root) => [Completion(root), Manual(root)];

    private static Command Completion(RootCommand root)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash" };
        shell.AcceptOnlyFromAmong("bash");
        var command = new Command(
            "completion", "Print a script that completes commands and options: source <(chronolog completion bash).")
        {
            shell,
        };
        command.SetRunner((_, _) =>
        {
            BashCompletion.Write(Console.Out, root, ConfigCommand.Tables.Keys.Select(role => Program.LinkPrefix + role));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static Command Manual(RootCommand root)
    {
        var directory = new Argument<string>("DIR") { Description = "Where the pages go: share/man/man1." };
        var command = new Command("manual", "Write a manual page for every command.") { directory };
        command.Hidden = true;
        command.SetRunner((parsed, _) =>
        {
            string target = Directory.CreateDirectory(parsed.GetValue(directory)!).FullName;
            string version = typeof(ReferenceCommands).Assembly.GetName().Version?.ToString(3) ?? "";
            foreach (CommandRow row in CommandRow.All(root))
            {
                File.WriteAllText(Path.Combine(target, ManualPage.FileOf(row.Path)), ManualPage.Text(row, version));
            }

            foreach (string role in ConfigCommand.Tables.Keys)
            {
                File.WriteAllText(
                    Path.Combine(target, $"{Program.LinkPrefix}{role}.1"), $".so man1/{ManualPage.FileOf(role)}\n");
            }

            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
