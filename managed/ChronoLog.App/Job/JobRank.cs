using System.Diagnostics;
using System.Globalization;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;
using Microsoft.Extensions.Logging;

namespace ChronoLog.App.Job;

/// <summary>One rank of <c>chronolog up --mpi</c>, from its start to its end. README.md has the course of it.</summary>
internal sealed class JobRank : IDisposable
{
    private const int SignalTerm = 15;
    private const int SignalKill = 9;

    // Of a process that a signal ended, as shells have it.
    private const int SignalStatus = 128;

    // Starting takes seconds; on a node that is busy with a thousand ranks more.
    private static readonly TimeSpan ServeDeadline = TimeSpan.FromMinutes(3);

    // From SIGTERM to SIGKILL for the application of a job in which another rank has failed.
    private static readonly TimeSpan KillDelay = TimeSpan.FromSeconds(5);

    private readonly JobOptions options;
    private readonly IRpcConnector connector;
    private readonly ILogger logger;
    private readonly InheritedDescriptors inherited;
    private readonly JobSignals signals;
    private readonly RankEntry own;
    private JobDirectory run = null!;
    private JobPlan plan = null!;
    private int node;
    private NodeWatch? watch;
    private NodeServers? servers;
    private RankApplication? application;
    private long stopSeen;
    private JobStop? stop;
    private bool isToldToEnd;
    private bool isEndedByJob;

    // `inherited` is what the launcher gave to this process: made before anything else was opened.
    public JobRank(JobOptions options, InheritedDescriptors inherited, IRpcConnector connector, ILogger logger)
    {
        (this.options, this.inherited, this.connector, this.logger) = (options, inherited, connector, logger);
        signals = new JobSignals(options.PassesUserSignals);
        own = RankEntry.Own(options.Rank.Rank);
    }

    private bool IsRoot => own.Rank == 0;

    private IEnumerable<int> OtherNodes => Enumerable.Range(0, plan.Nodes).Where(other => other != node);

    private TimeSpan Period => TimeSpan.FromMilliseconds(watch is null ? 250 : 100);

    /// <returns>The application's status; if that is 0, 1 when anything else of this rank's failed.</returns>
    public async Task<int> RunAsync()
    {
        try
        {
            (run, plan) = await new JobRendezvous(options, own).MeetAsync(signals.Token);
        }
        catch (OperationCanceledException) when (signals.Received != 0)
        {
            return SignalStatus + signals.Received;
        }

        node = plan.NodeOf(own.Rank);
        if (plan.LeaderOf(node).Rank == own.Rank)
        {
            watch = new NodeWatch(run, plan, node);
        }

        bool isServing = await TryServeAsync();
        int status = isServing ? await RunApplicationAsync() : NoteEnd(ExitCode.Failed);
        await WaitAsync(HasJobEnded);
        bool isInOrder = watch is null || await StopNodeAsync(watch);
        await WaitAsync(IsOver);
        if (watch is not null)
        {
            await watch.DisposeAsync();
        }

        // An application that was ended because of another one has nothing to say of its own.
        stop ??= run.ReadStop() ?? JobStop.AllDone;
        return isEndedByJob && stop.Status != 0 ? stop.Status
            : status != 0 ? status
            : isInOrder && (!IsRoot || stop.Status == 0) ? ExitCode.Done : ExitCode.Failed;
    }

    public void Dispose()
    {
        servers?.Dispose();
        signals.Dispose();
    }

    // --- the deployment's start ---

    private async Task<bool> TryServeAsync()
    {
        try
        {
            if (watch is not null)
            {
                servers = new NodeServers(options, plan, node, run, connector, logger);
                await servers.StartAsync(signals.Token);
                watch.Enter(NodeWatch.Serving);
            }

            bool isThere = await WaitAsync(
                () => signals.Received != 0 || run.Has(JobDirectory.Stop)
                    || (IsRoot ? HaveNodes(NodeWatch.Serving) : run.Has(JobDirectory.Ready)),
                ServeDeadline);
            if (!isThere)
            {
                throw new ChronoLogException(Status.TimedOut, "the deployment does not serve on every node; see its logs");
            }
        }
        catch (Exception exception) when (exception is ChronoLogException or IOException)
        {
            Report(exception.Message);
            Fail($"node {node} ({Environment.MachineName}) does not serve: {Summary(exception.Message)}");
            return false;
        }
        catch (OperationCanceledException)
        {
        }

        if (signals.Received != 0)
        {
            RequestStopBySignal();
        }

        if (run.ReadStop() is { } why)
        {
            return options.Application.Count == 0 && !why.IsFailure; // whoever only serves has done what it should
        }

        if (IsRoot)
        {
            servers!.Publish();
            run.WriteControl(JobDirectory.Ready, plan.Endpoint);
        }

        return true;
    }

    private bool HaveNodes(params string[] states) => OtherNodes.All(other => watch!.IsIn(other, states));

    // --- the application ---

    private async Task<int> RunApplicationAsync()
    {
        if (options.Application.Count > 0)
        {
            application = new RankApplication();
            await application.StartAsync(options.Application, plan.Endpoint, inherited);
            signals.PassTo(application);
        }

        using var timer = new PeriodicTimer(Period);
        while (true)
        {
            if (application is { Ended.IsCompleted: true } || (application is null && stopSeen != 0))
            {
                return NoteEnd(application is null ? 0 : await application.Ended);
            }

            LookAfterJob();
            await timer.WaitForNextTickAsync();
        }
    }

    private int NoteEnd(int status)
    {
        try
        {
            JobDirectory.Write(
                run.DoneFolder(node), own.Rank.ToString(CultureInfo.InvariantCulture), status.ToString(CultureInfo.InvariantCulture));
        }
        catch (IOException) when (run.Has(JobDirectory.Stopped))
        {
            // Nobody waits for it any more: the application went on for longer than the job.
        }

        if (status != 0)
        {
            Fail(string.Create(CultureInfo.InvariantCulture, $"rank {own.Rank} ended with status {status}"), status);
        }

        return status;
    }

    /// <summary>What a rank does while its application runs, and a node's lowest one until all of the node's have ended.</summary>
    private void LookAfterJob()
    {
        if (signals.Received != 0)
        {
            RequestStopBySignal();
        }

        if (watch is not null)
        {
            LookAfterNode(watch);
        }
        else if (!DeploymentIsWatched())
        {
            Fail($"the lowest rank of node {node} is gone");
        }

        if (stop is null && run.ReadStop() is { } seen)
        {
            stop = seen;
            stopSeen = Stopwatch.GetTimestamp();
        }

        if (stop is not null)
        {
            EndApplication(stop);
        }
    }

    private void LookAfterNode(NodeWatch nodeWatch)
    {
        bool haveEnded = nodeWatch.HaveRanksEnded();
        if (nodeWatch.Lost.Count > 0)
        {
            Fail($"the process of rank {nodeWatch.Lost[0]} is gone");
        }

        if (haveEnded && stopSeen == 0)
        {
            nodeWatch.Enter(NodeWatch.Finished);
            if (IsRoot && HaveNodes(NodeWatch.Finished))
            {
                run.RequestStop(JobStop.AllDone);
            }
        }

        foreach (int other in IsRoot ? OtherNodes : [0])
        {
            if (other != node && nodeWatch.IsSilent(other))
            {
                Fail($"node {other} is silent");
            }
        }
    }

    private bool DeploymentIsWatched() => Deployment.DeploymentState.IsRunning(plan.LeaderOf(node).Process);

    // When another rank has failed this one may end by itself for a while. `down` asks for the end at once, and a signal has
    // reached the application already.
    private void EndApplication(JobStop why)
    {
        if (application is not { Ended.IsCompleted: false })
        {
            return;
        }

        bool isSignalled = signals.Received != 0;
        TimeSpan waited = Stopwatch.GetElapsedTime(isSignalled ? signals.ReceivedAt : stopSeen);
        TimeSpan tellAfter = why.IsFailure ? options.Grace : TimeSpan.Zero;
        TimeSpan killAfter = why.IsFailure && !isSignalled ? options.Grace + KillDelay : options.Grace;
        isEndedByJob |= !isSignalled && waited >= tellAfter;
        if (waited > killAfter)
        {
            application.Signal(SignalKill);
        }
        else if (!isSignalled && !isToldToEnd && waited >= tellAfter)
        {
            isToldToEnd = true;
            application.Signal(SignalTerm);
        }
    }

    private void RequestStopBySignal()
    {
        if (options.Application.Count == 0)
        {
            run.RequestStop(JobStop.AllDone);
        }
        else
        {
            Fail(
                string.Create(CultureInfo.InvariantCulture, $"rank {own.Rank} got signal {signals.Received}"),
                SignalStatus + signals.Received);
        }
    }

    private void Fail(string reason, int status = ExitCode.Failed) => run.RequestStop(new JobStop(status, reason));

    // --- the deployment's end ---

    // This rank's application has ended: everybody else's has, too, or was given the time to.
    private bool HasJobEnded()
    {
        LookAfterJob();
        return stopSeen != 0
            && (watch is null || watch.HaveRanksEnded() || Stopwatch.GetElapsedTime(stopSeen) > options.Grace + (3 * KillDelay));
    }

    private async Task<bool> StopNodeAsync(NodeWatch nodeWatch)
    {
        nodeWatch.Enter(NodeWatch.Stopping);
        if (IsRoot)
        {
            // A Grapher takes what Keepers announce until they are quiet: not before all of them are draining.
            await WaitAsync(() => AreOthers(NodeWatch.Stopping, NodeWatch.Stopped));
        }

        bool isInOrder = servers is null
            || await servers.StopAsync(IsRoot ? () => WaitAsync(() => AreOthers(NodeWatch.Stopped)) : null);
        foreach (string line in servers?.LeftBehind ?? [])
        {
            Report(line);
        }

        nodeWatch.Enter(NodeWatch.Stopped);
        if (IsRoot)
        {
            if (run.ReadStop() is { Reason.Length: > 0 } why && (why.IsFailure || options.Application.Count > 0))
            {
                Report(why.Reason);
            }

            run.WriteOutcome(Outcome(isInOrder));
        }

        return isInOrder;
    }

    // Of all nodes: each has noted what its own servers left.
    private JobOutcome Outcome(bool isInOrder)
    {
        var left = new List<string>(servers?.LeftBehind ?? []);
        foreach (int other in OtherNodes)
        {
            left.AddRange(new Deployment.DeploymentState(run.StateFolder(other)).ReadLeftBehind());
            if (!watch!.IsIn(other, NodeWatch.Stopped))
            {
                string host = plan.LeaderOf(other).Process.Host;
                left.Add($"node {other} ({host}) is silent: what its Keepers had not handed on is in their journals");
            }
        }

        return new JobOutcome(isInOrder && left.Count == 0 ? ExitCode.Done : ExitCode.Failed, left);
    }

    private bool AreOthers(params string[] states) => OtherNodes.All(other => watch!.IsIn(other, states) || watch.IsSilent(other));

    // All ranks stay until rank 0 has stopped everything: at the end of one with a status the launcher may kill the others.
    private bool IsOver() => IsRoot || run.Has(JobDirectory.Stopped) || (watch is null ? !DeploymentIsWatched() : watch.IsSilent(0));

    // Without a limit where the condition takes the silence of others into account.
    private async Task<bool> WaitAsync(Func<bool> condition, TimeSpan? most = null)
    {
        long begin = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Period);
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(begin) > most)
            {
                return false;
            }

            await timer.WaitForNextTickAsync();
        }

        return true;
    }

    // Of a message with a log's last lines: what failed, and the last thing that was said of it.
    private static string Summary(string message) => message.Split('\n', StringSplitOptions.RemoveEmptyEntries) switch
    {
        [var only] => only,
        [var first, .., var last] => $"{first} {last}",
        _ => message,
    };

    private void Report(string line) => Console.Error.WriteLine($"chronolog: rank {own.Rank}: {line}");
}
