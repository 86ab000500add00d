using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;
using ChronoLog.Transport.Timing;
using Microsoft.Extensions.Logging;

namespace ChronoLog.App.Deployment;

/// <summary>Starts a local deployment, restarts what dies, and stops it in the order in which nothing is lost.</summary>
internal sealed class Supervisor : IDisposable
{
    private static readonly TimeSpan ServeDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(1);

    private readonly DeploymentOptions options;
    private readonly DeploymentPlan plan;
    private readonly DeploymentState state;
    private readonly IRpcConnector connector;
    private readonly ILogger logger;
    private readonly SupervisedProcess? visor;
    private readonly List<SupervisedProcess> members;
    private readonly List<SupervisedProcess> all;
    private PosixFile? claim;
    private bool ownsDirectory;

    public Supervisor(DeploymentOptions options, string executable, IRpcConnector connector, ILogger logger)
    {
        this.options = options;
        this.connector = connector;
        this.logger = logger;
        plan = new DeploymentPlan(options);
        state = new DeploymentState(options.Share?.StateDirectory ?? options.Directory);
        visor = plan.Visor is null ? null : Supervise(plan.Visor);
        members = [.. plan.Members.Select(Supervise)];
        all = visor is null ? members : [visor, .. members];

        SupervisedProcess Supervise(ProcessPlan process) =>
            new(process, executable, logger) { IsLeftDead = !options.Restart, IsOfJob = options.Share is not null };
    }

    public string Endpoint => plan.Endpoint;

    /// <summary>Every process with its role and present pid; 0 while it is down.</summary>
    public IReadOnlyList<(string Role, string Name, int Pid)> Processes =>
        [.. all.Select(process => (process.Plan.Role, process.Plan.Name, process.HasExited ? 0 : process.Pid))];

    /// <summary>Lets a process stay dead once it is, or be started again.</summary>
    public void LeaveDead(string name, bool isLeftDead) =>
        members.Single(member => member.Plan.Name == name).IsLeftDead = isLeftDead;

    /// <summary>Starts everything and returns when the deployment serves.</summary>
    /// <exception cref="ChronoLogException">A process did not come up: its last log lines are in the message.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.Combine(options.Directory, "logs"));
        Directory.CreateDirectory(options.Share?.StateDirectory ?? options.Directory);
        state.RefuseIfRunning();
        claim = state.Claim();
        ownsDirectory = true;
        state.ClearLeftBehind();
        state.WithdrawEndpoint(); // of a deployment that was killed: whoever waits for the file waits for this one

        foreach (SupervisedProcess process in all)
        {
            process.Start();
        }

        WriteState();
        await WaitUntilServingAsync(cancellation);
        all.ForEach(process => process.HasServed = true);
        if (options.Share is null)
        {
            PublishEndpoint();
        }
    }

    /// <summary>Tells users of the directory that the deployment serves. In a job it does when all nodes do.</summary>
    public void PublishEndpoint() => state.WriteEndpoint(plan.Endpoint);

    /// <summary>Restarts what dies, until cancelled.</summary>
    public async Task WatchAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(WatchPeriod);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                bool restarted = false;
                foreach (SupervisedProcess process in all)
                {
                    restarted |= process.Watch();
                }

                if (restarted)
                {
                    WriteState();
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    /// <summary>
    /// Keepers and Graphers together, for the former drain into the latter and wait for what they archive; then the
    /// Players; the Visor last. True when all ended in order; else <see cref="LeftBehind"/> says what did not.
    /// </summary>
    /// <param name="othersDrained">Ends when the Keepers of other nodes have: until then Player and Visor stay.</param>
    public async Task<bool> StopAsync(Func<Task>? othersDrained = null)
    {
        bool inOrder = await StopAsync("keeper", "grapher");
        await (othersDrained?.Invoke() ?? Task.CompletedTask);
        inOrder &= await StopAsync("player");
        inOrder &= visor is null || await StopAsync(visor);
        if (ownsDirectory)
        {
            state.Clear(); // not what another supervisor, which made this one refuse to start, has written there
            claim?.Dispose();
        }

        return inOrder;
    }

    /// <summary>What the stop left unarchived and where, and which process did not end in order.</summary>
    public IReadOnlyList<string> LeftBehind => state.ReadLeftBehind();

    public void Dispose()
    {
        all.ForEach(process => process.Dispose());
        claim?.Dispose();
    }

    private async Task<bool> StopAsync(params string[] roles)
    {
        bool[] results = await Task.WhenAll(members.Where(member => roles.Contains(member.Plan.Role)).Select(StopAsync));
        return results.All(result => result);
    }

    private async Task<bool> StopAsync(SupervisedProcess process)
    {
        string? disorder = await process.StopAsync();
        if (disorder is not null && ownsDirectory)
        {
            state.AddLeftBehind(process.Plan.Name, disorder);
        }

        return disorder is null;
    }

    private void WriteState() => state.Write([
        ("supervisor", Environment.ProcessId),
        .. all.Select(process => (process.Plan.Name, process.Pid)),
    ]);

    private async Task WaitUntilServingAsync(CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(ServeDeadline);
        await using IRpcChannel portal = connector.Open(plan.Endpoint);
        while (!await IsServingAsync(portal))
        {
            if (all.FirstOrDefault(process => process.HasExited) is { } dead)
            {
                throw new ChronoLogException(
                    Status.Internal,
                    $"{dead.Plan.Name} ended with status {dead.ExitCode} while starting:\n{LastLines(dead)}");
            }

            try
            {
                await Task.Delay(WatchPeriod, deadline.Token);
            }
            catch (OperationCanceledException)
            {
                throw new ChronoLogException(
                    Status.TimedOut,
                    $"the deployment did not serve within {ServeDeadline.TotalSeconds} s; see the logs in {options.Directory}/logs");
            }
        }
    }

    /// <summary>Whether every process that runs now is registered and alive.</summary>
    public async Task<bool> IsServingAsync()
    {
        await using IRpcChannel portal = connector.Open(plan.Endpoint);
        return await IsServingAsync(portal);
    }

    private async Task<bool> IsServingAsync(IRpcChannel portal)
    {
        try
        {
            // By process id: on a port that is taken, somebody else's deployment answers. Other nodes have the same ids.
            StatusReply status = await portal.CallAsync(Methods.Status, new Empty(), CallDeadline);
            HashSet<int> alive =
            [
                .. status.Processes.Where(each => each.State == "alive" && each.Identity.Host == HostIdentity.Current)
                    .Select(each => (int)each.Identity.Pid),
            ];
            return all.All(process => alive.Contains(process.Pid));
        }
        catch (ChronoLogException)
        {
            return false;
        }
    }

    private string LastLines(SupervisedProcess process)
    {
        string path = process.Plan.LogFile;
        return File.Exists(path) ? string.Join('\n', File.ReadLines(path).TakeLast(10)) : $"({path} is not there)";
    }
}
