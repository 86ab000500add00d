using System.ComponentModel;
using System.Diagnostics;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;
using Microsoft.Extensions.Logging;

namespace ChronoLog.App.Deployment;

/// <summary>One child process: started, restarted with back-off when it dies, asked to end, ended.</summary>
internal sealed class SupervisedProcess(ProcessPlan plan, string executable, ILogger logger) : IDisposable
{
    private static readonly TimeSpan BackoffMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BackoffMax = TimeSpan.FromSeconds(10);

    // A process that lived this long was well: its next death starts the back-off anew.
    private static readonly TimeSpan HealthyAfter = TimeSpan.FromSeconds(10);

    // Of a process that a signal ended, as the runtime has it: 128 and the signal's number.
    private const int SignalStatus = 128;

    private Process? process;
    private TimeSpan backoff = BackoffMin;
    private long startedAt;
    private long restartAt;
    private bool isStopped;
    private string? disorder;

    public ProcessPlan Plan { get; } = plan;

    public int Pid => process?.Id ?? 0;

    public int Restarts { get; private set; }

    /// <summary>It has been part of a deployment that served; false while that starts.</summary>
    public bool HasServed { get; set; }

    /// <summary>It is not started again when it dies.</summary>
    public bool IsLeftDead { get; set; }

    /// <summary>A launcher's job: the process may use all processors of the job, not only its rank's, and is stopped by SIGQUIT.</summary>
    public bool IsOfJob { get; init; }

    public bool HasExited => process?.HasExited ?? true;

    public int ExitCode => process is { HasExited: true } ended ? ended.ExitCode : 0;

    /// <exception cref="ChronoLogException">The system refuses to start it.</exception>
    public void Start()
    {
        if (TryStart() is { } refusal)
        {
            throw new ChronoLogException(Status.Internal, $"{Plan.Name} cannot be started: {refusal}");
        }
    }

    /// <summary>
    /// Restarts the process if it died and its back-off has passed; a start that the system refuses is repeated with
    /// the same back-off. True when it was restarted.
    /// </summary>
    public bool Watch()
    {
        if (process is null || !process.HasExited || IsLeftDead)
        {
            return false;
        }

        if (restartAt == 0)
        {
            Postpone(Stopwatch.GetElapsedTime(startedAt) > HealthyAfter);
            logger.LogWarning(
                "{Name} (process {Pid}) ended with status {Status}; it is restarted in {Backoff} ms",
                Plan.Name, process.Id, process.ExitCode, backoff.TotalMilliseconds);
        }

        if (Stopwatch.GetTimestamp() < restartAt)
        {
            return false;
        }

        if (TryStart() is { } refusal)
        {
            Postpone(startAnew: false);
            logger.LogError(
                "{Name} cannot be started: {Reason}; it is tried again in {Backoff} ms",
                Plan.Name, refusal, backoff.TotalMilliseconds);
            return false;
        }

        Restarts++;
        return true;
    }

    /// <summary>Asks the process to end and waits; kills it after its deadline.</summary>
    /// <returns>Null when it ended by itself with status 0, else what happened to it.</returns>
    public async Task<string?> StopAsync()
    {
        if (process is null)
        {
            return null;
        }

        if (!isStopped)
        {
            // Asked again it would have "ended before the stop": before this one.
            disorder = await StopNowAsync(process);
            isStopped = true;
        }

        return disorder;
    }

    private async Task<string?> StopNowAsync(Process running)
    {
        if (running.HasExited)
        {
            return HasServed ? Judge(running, "was not running when the deployment was stopped: it had ended before")
                : Judge(running, "ended while the deployment started");
        }

        _ = IsOfJob ? PosixProcess.Quit(running.Id) : PosixProcess.Terminate(running.Id);
        using var timeout = new CancellationTokenSource(Plan.StopDeadline);
        try
        {
            await running.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            logger.LogError("{Name} (process {Pid}) did not end within {Deadline}: killed", Plan.Name, running.Id, Plan.StopDeadline);
            PosixProcess.KillNow(running.Id);
            await running.WaitForExitAsync();
            return Judge(running, $"did not end within {Plan.StopDeadline.TotalSeconds} s and was killed");
        }

        return Judge(running, "ended");
    }

    public void Dispose() => process?.Dispose();

    // What the system says against it (no more processes, no such file, being written to), or null: it runs.
    private string? TryStart()
    {
        var start = new ProcessStartInfo(executable) { UseShellExecute = false };
        start.ArgumentList.Add(Plan.Role);
        foreach (string argument in Plan.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            using var streams = new StandardStreamScope(Plan.LogFile);
            using AllProcessorsScope? processors = IsOfJob ? new AllProcessorsScope() : null;
            using HeededQuitScope? quit = IsOfJob ? new HeededQuitScope() : null;
            Process started = Process.Start(start)!;
            process?.Dispose();
            process = started;
        }
        catch (Exception exception) when (exception is Win32Exception or IOException)
        {
            return exception.Message;
        }

        startedAt = Stopwatch.GetTimestamp();
        restartAt = 0;
        isStopped = false;
        logger.LogInformation("{Name} started as process {Pid}", Plan.Name, process.Id);
        return null;
    }

    private string? Judge(Process ended, string how)
    {
        if (ended.ExitCode == 0)
        {
            return null;
        }

        string signal = ended.ExitCode > SignalStatus ? $" (signal {ended.ExitCode - SignalStatus})" : "";
        return $"{Plan.Name} {how}, with status {ended.ExitCode}{signal}{Rest()}; see {Plan.LogFile}";
    }

    // Where the events are that it had. The others hold none that nobody else has.
    private string Rest() => Plan.Role switch
    {
        "keeper" => ": what it had not handed on stays in its journal",
        "grapher" => ": what it had not archived stays in the Keepers' journals",
        _ => "",
    };

    private void Postpone(bool startAnew)
    {
        backoff = startAnew ? BackoffMin : TimeSpan.FromTicks(Math.Min(backoff.Ticks * 2, BackoffMax.Ticks));
        restartAt = Stopwatch.GetTimestamp() + (long)(backoff.TotalSeconds * Stopwatch.Frequency);
    }
}
