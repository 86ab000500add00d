using System.CommandLine;
using System.CommandLine.Invocation;
using ChronoLog.App.Commands;
using ChronoLog.App.Hosting;
using ChronoLog.App.Job;
using ChronoLog.App.Reference;
using ChronoLog.Core.Launch;

namespace ChronoLog.App;

/// <summary>
/// One executable for every role and tool. Called through the link <c>chrono-keeper</c> it is <c>chronolog keeper</c>.
/// </summary>
internal static class Program
{
    /// <summary>Of the links by which the roles may be called.</summary>
    public const string LinkPrefix = "chrono-";

    private static async Task<int> Main(string[] args)
    {
        if (LaunchEnvironment.Read(Environment.GetEnvironmentVariable) is not null)
        {
            RankApplication.KeepTerminalClean();
        }

        string called = Path.GetFileName(Environment.GetCommandLineArgs()[0]);
        if (called.StartsWith(LinkPrefix, StringComparison.Ordinal) && ConfigCommand.Tables.ContainsKey(called[LinkPrefix.Length..]))
        {
            args = [called[LinkPrefix.Length..], .. args];
        }

        ParseResult parsed = CreateRoot().Parse(args);
        if (parsed.Action is ParseErrorAction refusal)
        {
            refusal.ShowHelp = parsed.CommandResult.Command.Action is null; // a page of options hides what is wrong
        }

        int code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
        return parsed.Errors.Count > 0 ? ExitCode.Usage : code;
    }

    private static RootCommand CreateRoot()
    {
        var root = new RootCommand(
            """
            ChronoLog: a distributed, tiered, time-ordered shared log.
            Exit status: 0 done, 1 failed, 2 usage, 3 unreachable.
            """);
        root.Options.Add(CommonOptions.Endpoint);
        root.Options.Add(CommonOptions.Json);
        foreach (Command command in Commands().Concat(ReferenceCommands.Create(root)))
        {
            root.Subcommands.Add(command);
        }

        return root;
    }

    private static IEnumerable<Command> Commands() =>
    [
        .. DeploymentCommands.Create(),
        StatusCommand.Create(),
        ClockCommand.Create(),
        .. DirectoryCommands.Create(),
        RecordCommand.Create(),
        ImportCommand.Create(),
        .. ReplayCommands.Create(),
        DemoCommand.Create(),
        .. TortureCommands.Create(),
        ArchiveCommands.Create(),
        RankCommand.Create(),
        DoctorCommand.Create(),
        ConfigCommand.Create(),
        ServerCommand.Create("visor", "Run a ChronoVisor.", VisorSettings.Table, VisorHost.RunAsync),
        KeeperCommands.AddTo(
            ServerCommand.Create("keeper", "Run a ChronoKeeper.", KeeperSettings.Table, KeeperHost.RunAsync)),
        ServerCommand.Create("grapher", "Run a ChronoGrapher.", GrapherSettings.Table, GrapherHost.RunAsync),
        ServerCommand.Create("player", "Run a ChronoPlayer.", PlayerSettings.Table, PlayerHost.RunAsync),
    ];
}
