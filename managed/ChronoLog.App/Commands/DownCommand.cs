using System.CommandLine;
using System.Diagnostics;
using ChronoLog.App.Deployment;
using ChronoLog.App.Job;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Settings;
using ChronoLog.Interop.Posix;

namespace ChronoLog.App.Commands;

/// <summary>
/// <c>chronolog down</c>: ends what runs in a directory and waits until it has. A job is asked by a file, from any node; other
/// deployments by a signal, on their own.
/// </summary>
internal static class DownCommand
{
    private const string SupervisorName = "supervisor";

    private static readonly TimeSpan SignalPeriod = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan FilePeriod = TimeSpan.FromMilliseconds(200);

    // As long as nodes of a job wait for each other (NodeWatch): what has not changed for so long will not.
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstWord = TimeSpan.FromSeconds(5);

    private static readonly Option<string> Timeout = new("--timeout")
    {
        Description = "Longest wait for the processes to end; they go on ending after it.",
        DefaultValueFactory = _ => "3m", HelpName = "DURATION",
    };

    /// <param name="directory">The option that names the deployment.</param>
    public static Command Create(Option<string> directory)
    {
        var down = new Command("down", "Stop the deployment that runs in a directory; that of a job from any of its nodes.")
        {
            directory, Timeout,
        };
        down.SetRunner((parsed, cancellation) => DownAsync(
            Path.GetFullPath(parsed.GetValue(directory)!),
            SettingKinds.TryReadDuration(parsed.GetValue(Timeout)!, out TimeSpan deadline)
                ? deadline
                : throw new SettingException($"--timeout '{parsed.GetValue(Timeout)}': expected a duration, such as 3m"),
            cancellation));
        return down;
    }

    private static async Task<int> DownAsync(string directory, TimeSpan deadline, CancellationToken cancellation)
    {
        var state = new DeploymentState(directory);
        IReadOnlyList<RunningProcess> running = state.ReadRunning();
        RunningProcess? supervisor = running.FirstOrDefault(process => process.Name == SupervisorName);
        JobDirectory? run = JobDirectory.Current(directory);
        if (run is not null && !JobTrace.HasEnded(run) && (running.Count == 0 || IsRoot(supervisor, run)))
        {
            return await StopJobAsync(run, deadline, cancellation);
        }

        if (running.Count == 0)
        {
            throw new ChronoLogException(Status.NotExist, DescribeAbsence(directory, state, run));
        }

        // A supervisor that was killed leaves its processes: those are asked one by one, Keepers first.
        IEnumerable<RunningProcess> order = supervisor is not null
            ? [supervisor]
            : running.OrderBy(process => Array.FindIndex(["keeper", "grapher", "player", "visor"], process.Name.StartsWith));
        long started = Stopwatch.GetTimestamp();
        using var poll = new PeriodicTimer(SignalPeriod);
        foreach (RunningProcess process in order.ToList())
        {
            PosixProcess.Terminate(process.Pid);
            while (DeploymentState.IsRunning(process))
            {
                if (Stopwatch.GetElapsedTime(started) > deadline)
                {
                    throw new ChronoLogException(
                        Status.TimedOut, $"{process.Name} (process {process.Pid}) did not stop; see {directory}/logs");
                }

                await poll.WaitForNextTickAsync(cancellation);
            }
        }

        state.Clear();
        return state.ReadLeftBehind() is { Count: > 0 } left ? DeploymentCommands.ReportLeftBehind(left) : ExitCode.Done;
    }

    private static bool IsRoot(RunningProcess? supervisor, JobDirectory run) =>
        supervisor is not null && run.ReadRank(0) is { } root && root.Process with { Name = SupervisorName } == supervisor;

    private static string DescribeAbsence(string directory, DeploymentState state, JobDirectory? run)
    {
        RunningProcess? supervisor = state.ReadAll().FirstOrDefault(process => process.Name == SupervisorName);
        if (run is not null && !run.Has(JobDirectory.Stopped) && (supervisor is null || IsRoot(supervisor, run)))
        {
            return $"no deployment runs in {directory}: its last job (rank 0 was {run.DescribeRoot()}) was killed before it had ended. "
                + "What it had not archived is in its journals; the next one in the directory archives it";
        }

        return supervisor is not null && !DeploymentState.IsOfThisNode(supervisor)
            ? $"the deployment in {directory} was started on {supervisor.Host}, as process {supervisor.Pid}: run chronolog down there, or "
                + $"remove {state.SupervisorFile} if it was killed"
            : $"no deployment runs in {directory}";
    }

    // Whichever node it is on: numbers of processes mean nothing here but that of rank 0, if it is of this node.
    private static async Task<int> StopJobAsync(JobDirectory run, TimeSpan deadline, CancellationToken cancellation)
    {
        run.RequestStop(new JobStop(ExitCode.Done, $"ended by chronolog down on {Environment.MachineName}"));
        string root = $"rank 0 of the job ({run.DescribeRoot()})";
        string? words = null;
        bool hasSaidSo = false;
        long started = Stopwatch.GetTimestamp(), changed = started;
        using var poll = new PeriodicTimer(FilePeriod);
        while (true)
        {
            if (run.ReadOutcome() is { } outcome)
            {
                return outcome.LeftBehind.Count > 0 ? DeploymentCommands.ReportLeftBehind(outcome.LeftBehind) : outcome.Status;
            }

            if (JobTrace.LastWords(run) is { } now && now != words)
            {
                (words, changed) = (now, Stopwatch.GetTimestamp());
            }

            if ((JobTrace.IsRootGone(run) && !run.Has(JobDirectory.Stopped)) || Stopwatch.GetElapsedTime(changed) > SilenceMax)
            {
                throw new ChronoLogException(
                    Status.Internal,
                    $"{root} is gone without having stopped the deployment: its servers end by themselves. "
                    + "What they do not archive stays in their journals; the next job in the directory archives it");
            }

            if (Stopwatch.GetElapsedTime(started) is var waited && waited > deadline)
            {
                throw new ChronoLogException(
                    Status.TimedOut,
                    $"the job did not stop within {deadline.TotalSeconds} s: {root} is {StateOf(words)}");
            }

            if (waited > FirstWord && !hasSaidSo)
            {
                hasSaidSo = true;
                Console.Error.WriteLine($"chronolog: waiting for {root}, which is {StateOf(words)}");
            }

            await poll.WaitForNextTickAsync(cancellation);
        }
    }

    // The last word that node 0 wrote: "17 stopping".
    private static string StateOf(string? words) => words?.Trim().Split(' ')[^1] is { Length: > 0 } word ? word : "silent";
}
