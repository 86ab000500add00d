using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ChronoLog.App.Deployment;
using ChronoLog.App.Hosting;
using ChronoLog.App.Job;
using ChronoLog.Core.Launch;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Settings;
using ChronoLog.Interop.Posix;
using ChronoLog.Transport.Rpc;
using Microsoft.Extensions.Logging;

namespace ChronoLog.App.Commands;

/// <summary><c>chronolog up</c>: a whole deployment on this machine.</summary>
internal static class DeploymentCommands
{
    private static readonly Option<string> Dir =
        new("--dir") { Description = "Directory of the deployment: journals, archive, logs.", Required = true, HelpName = "DIR" };

    private static readonly Option<int> Keepers =
        new("--keepers") { Description = "Keepers in each group.", DefaultValueFactory = _ => 1, HelpName = "N" };

    private static readonly Option<int> Groups =
        new("--groups") { Description = "Recording groups.", DefaultValueFactory = _ => 1, HelpName = "N" };

    private static readonly Option<int?> PortBase = new("--port-base")
    {
        Description = "First of the consecutive ports to use; default: the well-known ports.", HelpName = "P",
    };

    private static readonly Option<string?> Window = new("--window")
    {
        Description = "Acceptance window of the Keepers (500ms, 10s); chunks and the Graphers' windows follow.",
        HelpName = "DURATION",
    };

    private static readonly Option<string> Address =
        new("--address")
        {
            Description = "IP address to bind to; with --mpi also an interface (ib0) or a network (10.1.0.0/16) of every node, "
                + "by default the one that leads to rank 0, and on a single node loopback.",
            DefaultValueFactory = _ => "127.0.0.1",
            HelpName = "IP",
        };

    private static readonly Option<string?> Journals = new("--journal-directory")
    {
        Description = "Where the Keepers' journals lie, each in a folder of its name: fast flash, with --mpi each node's own. "
            + "Default: journal in --dir.",
        HelpName = "DIR",
    };

    private static readonly Option<string> Fabric = new("--fabric")
    {
        Description = "Data plane: auto, ofi+verbs, ofi+tcp, ofi+sockets, ofi+shm.",
        DefaultValueFactory = _ => "auto",
        HelpName = "PROVIDER",
    };

    private static readonly Option<string[]> Set = new("--set")
    {
        Description = "A setting for every process of a role: --set keeper.journal-quota=1GiB (repeatable).",
        HelpName = "ROLE.NAME=VALUE",
    };

    private static readonly Option<bool> Detach =
        new("--detach") { Description = "Return when the deployment serves, and leave it running." };

    private static readonly Option<bool> NoRestart = new("--no-restart")
    {
        Description = "Leave a process dead that dies: for looking at it, or when something else starts it again.",
    };

    private static readonly Option<bool> Mpi = new("--mpi")
    {
        Description = "In every rank of mpirun or srun: one deployment over all nodes (Keepers on each, the rest on rank 0's), then the "
            + "application in every rank; it is drained and stopped when they have ended. --dir is shared by all nodes.",
    };

    private static readonly Option<string> Grace = new("--grace")
    {
        Description = "With --mpi: how long an application may go on after a SIGTERM, or after another rank's has failed.",
        DefaultValueFactory = _ => "10s", HelpName = "DURATION",
    };

    private static readonly Option<string> RankDeadline = new("--rank-deadline")
    {
        Description = "With --mpi: how long the ranks wait for each other at the start while none comes.",
        DefaultValueFactory = _ => "60s", HelpName = "DURATION",
    };

    private static readonly Argument<string[]> Application = new("application")
    {
        Description = "With --mpi, after --: program and arguments. Without, the deployment serves until it is told to end.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Option<bool> Supervise = new("--supervise") { Hidden = true };

    public static IEnumerable<Command> Create()
    {
        var up = new Command("up", "Start, supervise and stop a whole deployment, on this machine or over the nodes of a job.")
        {
            Dir, Keepers, Groups, PortBase, Window, Address, Journals, Fabric, Set, NoRestart, Detach, Supervise, Mpi, Grace, RankDeadline,
            Application,
        };
        up.SetRunner(UpAsync);
        return [up, DownCommand.Create(Dir)];
    }

    private static async Task<int> UpAsync(ParseResult parsed, CancellationToken cancellation)
    {
        DeploymentOptions options = Read(parsed);
        if (parsed.GetValue(Mpi))
        {
            return await RunJobAsync(options, parsed);
        }

        if (parsed.GetValue(Application) is { Length: > 0 })
        {
            throw new SettingException("an application runs with --mpi, also on one machine: chronolog up --mpi --dir DIR -- PROGRAM");
        }

        if (parsed.GetValue(Detach))
        {
            return await DetachAsync(options, parsed, cancellation);
        }

        if (parsed.GetValue(Supervise))
        {
            PosixProcess.LeaveSession();
        }

        PosixProcess.KeepDescriptorsFromChildren();

        using ILoggerFactory logging = ProcessLogging.Create("info", "text");
        ILogger logger = logging.CreateLogger("supervisor");
        await using var connector = new ZmqRpcConnector(logger);
        using var supervisor = new Supervisor(options, Environment.ProcessPath!, connector, logger);
        using var stop = new StopSignal(cancellation, hangUp: true); // the children are in sessions of their own
        try
        {
            await supervisor.StartAsync(stop.Token);
            Console.WriteLine(supervisor.Endpoint);
            await supervisor.WatchAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
        }
        catch (ChronoLogException)
        {
            await supervisor.StopAsync();
            throw;
        }

        return await supervisor.StopAsync() ? ExitCode.Done : ReportLeftBehind(supervisor.LeftBehind);
    }

    private static async Task<int> RunJobAsync(DeploymentOptions options, ParseResult parsed)
    {
        RankApplication.KeepTerminalClean();
        var inherited = new InheritedDescriptors();
        LaunchedRank rank = LaunchEnvironment.Read(Environment.GetEnvironmentVariable) ?? new LaunchedRank("", 0, 1, 0, "");
        if (rank.Size is null)
        {
            throw new SettingException($"--mpi: the launcher ({rank.Launcher}) does not tell the number of ranks");
        }

        if (options.Groups != 1)
        {
            throw new SettingException($"{Groups.Name} {options.Groups}: with --mpi there is one group");
        }

        if (parsed.GetValue(Detach))
        {
            throw new SettingException(
                $"{Detach.Name} does not go with --mpi: when mpirun or srun ends, it ends all that it has started. Leave the "
                + $"launcher in the background of the script instead: LAUNCHER chronolog up --mpi --dir {options.Directory} & "
                + $"then wait until {options.Directory}/endpoint is there, run the steps with its content as CHRONOLOG_ENDPOINT, "
                + $"and end with chronolog down --dir {options.Directory}");
        }

        if (options.PortBase is null)
        {
            InRange(options.Keepers, Keepers.Name, 1, NodeServers.KeepersMax);
        }

        var job = new JobOptions
        {
            Deployment = options,
            Rank = rank,
            Address = parsed.GetResult(Address) is { Implicit: false } ? options.Address : null,
            Application = parsed.GetValue(Application) ?? [],
            Grace = ReadDuration(parsed, Grace, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1)),
            RankDeadline = ReadDuration(parsed, RankDeadline, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            PassesUserSignals = rank.Launcher.Length == 0,
        };
        using ILoggerFactory logging = ProcessLogging.Create("warn", "text");
        ILogger logger = logging.CreateLogger("supervisor");
        await using var connector = new ZmqRpcConnector(logger);
        using var running = new JobRank(job, inherited, connector, logger);
        return await running.RunAsync();
    }

    /// <summary>Says what a stop left unarchived.</summary>
    public static int ReportLeftBehind(IReadOnlyList<string> lines)
    {
        foreach (string line in lines)
        {
            Console.Error.WriteLine($"chronolog: {line}");
        }

        return ExitCode.Failed;
    }

    // The supervisor is this executable again, in a session of its own; it tells that it serves by writing the endpoint.
    private static async Task<int> DetachAsync(DeploymentOptions options, ParseResult parsed, CancellationToken cancellation)
    {
        var state = new DeploymentState(options.Directory);
        state.RefuseIfRunning();

        Directory.CreateDirectory(Path.Combine(options.Directory, "logs"));
        File.Delete(state.EndpointFile);
        var start = new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false };
        foreach (string argument in parsed.Tokens.Select(token => token.Value).Where(token => token != Detach.Name))
        {
            start.ArgumentList.Add(argument);
        }

        start.ArgumentList.Add(Supervise.Name);
        using Process supervisor = StartDetached(start, state.SupervisorLog);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (state.ReadEndpoint() is null)
        {
            if (supervisor.HasExited)
            {
                string log = File.Exists(state.SupervisorLog)
                    ? string.Join('\n', File.ReadLines(state.SupervisorLog).TakeLast(15))
                    : "";
                throw new ChronoLogException(Status.Internal, $"the deployment did not start:\n{log}");
            }

            await poll.WaitForNextTickAsync(cancellation);
        }

        Console.WriteLine(state.ReadEndpoint());
        return ExitCode.Done;
    }

    private static Process StartDetached(ProcessStartInfo start, string log)
    {
        PosixProcess.KeepDescriptorsFromChildren();
        using var streams = new StandardStreamScope(log);
        return Process.Start(start)!;
    }

    private static DeploymentOptions Read(ParseResult parsed)
    {
        int keepers = InRange(parsed.GetValue(Keepers), Keepers.Name, 1, 1000);
        int groups = InRange(parsed.GetValue(Groups), Groups.Name, 1, 100);
        int? first = parsed.GetValue(PortBase);
        int ports = 2 + (4 * groups) + (2 * keepers * groups);
        if (first is { } portBase)
        {
            InRange(portBase, PortBase.Name, 1024, 65535 - ports);
        }

        TimeSpan? window = parsed.GetValue(Window) is null
            ? null
            : ReadDuration(parsed, Window!, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1));
        return new DeploymentOptions
        {
            Directory = Path.GetFullPath(parsed.GetValue(Dir)!),
            Keepers = keepers,
            Groups = groups,
            PortBase = first,
            Window = window,
            Address = parsed.GetValue(Address)!,
            JournalDirectory = parsed.GetValue(Journals) is { } journals ? Path.GetFullPath(journals) : null,
            Fabric = parsed.GetValue(Fabric)!,
            Restart = !parsed.GetValue(NoRestart),
            Settings = [.. (parsed.GetValue(Set) ?? []).Select(CheckSetting)],
        };
    }

    private static TimeSpan ReadDuration(ParseResult parsed, Option<string> option, TimeSpan least, TimeSpan most) =>
        SettingKinds.TryReadDuration(parsed.GetValue(option)!, out TimeSpan value) && value >= least && value <= most
            ? value
            : throw new SettingException(string.Create(
                CultureInfo.InvariantCulture,
                $"{option.Name} '{parsed.GetValue(option)}': expected a duration, {least.TotalMilliseconds}ms .. {most.TotalHours}h"));

    private static string CheckSetting(string setting)
    {
        if (setting.IndexOf('=', StringComparison.Ordinal) is not (> 0 and var equals)
            || setting[..equals].Split('.') is not [var role, var name]
            || !ConfigCommand.Tables.TryGetValue(role, out SettingTable? table))
        {
            throw new SettingException($"--set '{setting}': expected ROLE.NAME=VALUE, ROLE one of visor, keeper, grapher, player");
        }

        return table.Rows.Any(row => row.Name == name)
            ? setting
            : throw new SettingException($"--set '{setting}': a {role} has no setting '{name}'; chronolog config show {role} lists them");
    }

    private static int InRange(int value, string name, int least, int most) => value >= least && value <= most
        ? value
        : throw new SettingException(
            string.Create(CultureInfo.InvariantCulture, $"{name} {value}: expected {least} .. {most}"));
}
