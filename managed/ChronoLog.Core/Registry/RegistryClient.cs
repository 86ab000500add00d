using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Core.Registry;

/// <summary>
/// A process's membership in the deployment: registers with the Visor, sends heartbeats with statistics, keeps the
/// newest view of the recording group, and registers again when the Visor asks for it or has lost its memory. Keeper,
/// Grapher and Player use the same class; the role is a field of the identity. Lives on the role's strand.
/// </summary>
/// <param name="visor">Channel to the Visor's registry port. Stays the caller's.</param>
/// <param name="identity">
/// Who and where this process is. The process id is 0 before the first registration, or the one of an earlier epoch
/// whose data this process took over.
/// </param>
/// <param name="options">Deadlines and pauses.</param>
/// <param name="timers">Time.</param>
/// <param name="logger">Told about registration, loss and return of the Visor.</param>
public sealed class RegistryClient(
    IRpcChannel visor, ProcessIdentity identity, RegistryOptions options, ITimers timers, ILogger logger)
{
    // Guards against a Visor's reply that would make this process flood it, or fall silent.
    private static readonly TimeSpan PeriodMin = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan PeriodMax = TimeSpan.FromMinutes(1);

    private TimeSpan period = options.HeartbeatPeriod;
    private bool visorReachable = true;
    private bool wasRegistered;
    private bool isDraining;
    private long? refusedSince;

    /// <summary>This process, with the process id that the Visor gave.</summary>
    public ProcessIdentity Identity { get; } = identity;

    /// <summary>0 before the first registration.</summary>
    public ulong ProcessId => Identity.ProcessId;

    /// <summary>The newest view of the group; null before the first registration.</summary>
    public GroupView? Group { get; private set; }

    /// <summary>True while the Visor knows this process.</summary>
    public bool IsRegistered { get; private set; }

    /// <summary>
    /// Called after every registration, the first and any later one, with the stories that this process must record or
    /// serve. Heartbeats wait for it.
    /// </summary>
    public Func<RegisterReply, ValueTask>? Registered { get; set; }

    /// <summary>
    /// Called once, when a living process has this one's place in the group: it must not go on serving. It is not asked
    /// for any more. One that was a member before (and fenced) is told at once, a new one after
    /// <see cref="RegistryOptions.PlaceDeadline"/>.
    /// </summary>
    public Action<ChronoLogException>? Displaced { get; set; }

    /// <summary>Called whenever <see cref="Group"/> changed.</summary>
    public Action<GroupView>? GroupChanged { get; set; }

    /// <summary>Called with every answer to a heartbeat.</summary>
    public Action<HeartbeatReply>? Answered { get; set; }

    /// <summary>Fills in the statistics and story tallies of a heartbeat about to be sent.</summary>
    public Action<HeartbeatRequest>? Report { get; set; }

    /// <summary>
    /// The same for what the composition knows and the role does not: processor time, memory, RMA counters.
    /// </summary>
    public Action<HeartbeatRequest>? ReportProcess { get; set; }

    /// <summary>Registers, and tries again until it succeeds or is cancelled.</summary>
    public async Task RegisterAsync(CancellationToken cancellation)
    {
        TimeSpan pause = options.RetryPause;
        while (!await TryRegisterAsync(cancellation))
        {
            await timers.Delay(pause, cancellation);
            pause = pause * 2 < options.RetryPauseMax ? pause * 2 : options.RetryPauseMax;
        }
    }

    /// <summary>Registers (unless done already) and sends heartbeats until cancelled. Never fails otherwise.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                if (!IsRegistered)
                {
                    await RegisterAsync(cancellation);
                }

                await timers.Delay(period, cancellation);
                await BeatAsync(cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    /// <summary>
    /// Tells the group that this process hands over what it has, and then leaves: at once if the Visor is reached, else by the
    /// next heartbeats. Never fails.
    /// </summary>
    public async Task BeginDrainingAsync(CancellationToken cancellation)
    {
        isDraining = true;
        try
        {
            if (IsRegistered)
            {
                await BeatAsync(cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    /// <summary>Tells the Visor that this process leaves; one that is not reached finds out by the silence.</summary>
    public async Task UnregisterAsync()
    {
        if (!IsRegistered)
        {
            return;
        }

        IsRegistered = false;
        try
        {
            await visor.CallAsync(Methods.Unregister, NewHeartbeat(), options.CallDeadline);
        }
        catch (ChronoLogException exception)
        {
            logger.LogWarning("{Name} could not take leave of the Visor: {Reason}", Identity.Name, exception.Message);
        }
    }

    /// <summary>Takes a view that came by another way (StartStoryRecording) if it is newer than the one held.</summary>
    public void Observe(GroupView? view)
    {
        if (view is not null && (Group is null || view.Epoch > Group.Epoch))
        {
            Take(view);
        }
    }

    private async Task<bool> TryRegisterAsync(CancellationToken cancellation)
    {
        RegisterReply reply;
        try
        {
            var request = new RegisterRequest { Identity = Identity.Clone() };
            reply = await visor.CallAsync(Methods.Register, request, options.CallDeadline, cancellation);
        }
        catch (ChronoLogException exception)
        {
            ReportUnreachable(exception, "could not register");
            if (exception.Status == Status.Fenced && IsPlaceGivenUp())
            {
                logger.LogError("{Name} is not a member of its group: {Reason}", Identity.Name, exception.Message);
                Displaced?.Invoke(exception);
                await new TaskCompletionSource().Task.WaitAsync(cancellation);
            }

            return false;
        }

        refusedSince = null;
        wasRegistered = true;

        Identity.ProcessId = reply.ProcessId;
        period = Bounded(reply.HeartbeatMilliseconds);
        IsRegistered = true;
        ReportReachable();
        logger.LogInformation(
            "{Name} is registered with the Visor at {Endpoint} as process {Id} of group {Group}",
            Identity.Name, visor.Endpoint, Identity.ProcessId, Identity.Group);
        if (reply.Group is not null)
        {
            Take(reply.Group); // unconditionally: a Visor that lost its memory may count epochs from a smaller one
        }

        if (Registered is not null)
        {
            await Registered(reply);
        }

        return true;
    }

    private async Task BeatAsync(CancellationToken cancellation)
    {
        HeartbeatRequest request = NewHeartbeat();
        Report?.Invoke(request);
        ReportProcess?.Invoke(request);
        try
        {
            HeartbeatReply reply =
                await visor.CallAsync(Methods.Heartbeat, request, options.CallDeadline, cancellation);
            ReportReachable();
            Observe(reply.Group);
            Answered?.Invoke(reply);
            IsRegistered = !reply.RegisterAgain;
            if (reply.Fenced)
            {
                logger.LogWarning(
                    "{Name} was declared dead by the Visor: it was not heard for too long; it registers anew",
                    Identity.Name);
            }
        }
        catch (ChronoLogException exception) when (exception.Status is Status.Fenced or Status.NotExist)
        {
            // Declared dead, or unknown to a Visor that lost its memory: both are answered by a new registration.
            logger.LogWarning("{Name} was dropped by the Visor: {Reason}", Identity.Name, exception.Message);
            IsRegistered = false;
        }
        catch (ChronoLogException exception)
        {
            ReportUnreachable(exception, "got no answer to a heartbeat");
        }
    }

    private bool IsPlaceGivenUp()
    {
        refusedSince ??= timers.MonotonicNanoseconds;
        return wasRegistered
            || timers.MonotonicNanoseconds - refusedSince >= (long)options.PlaceDeadline.TotalNanoseconds;
    }

    private HeartbeatRequest NewHeartbeat() => new()
    {
        ProcessId = Identity.ProcessId,
        Epoch = Identity.Epoch,
        GroupEpoch = Group?.Epoch ?? 0,
        Draining = isDraining,
    };

    private TimeSpan Bounded(uint milliseconds)
    {
        TimeSpan wanted = milliseconds == 0 ? options.HeartbeatPeriod : TimeSpan.FromMilliseconds(milliseconds);
        return wanted < PeriodMin ? PeriodMin : wanted > PeriodMax ? PeriodMax : wanted;
    }

    private void Take(GroupView view)
    {
        Group = view;
        GroupChanged?.Invoke(view);
    }

    // Logged on the change only: an absent Visor is no reason to fill a disk.
    private void ReportUnreachable(ChronoLogException exception, string what)
    {
        if (visorReachable)
        {
            visorReachable = false;
            logger.LogWarning(
                "{Name} {What} at the Visor's registry {Endpoint}: {Reason}; it keeps trying",
                Identity.Name, what, visor.Endpoint, exception.Message);
        }
    }

    private void ReportReachable()
    {
        if (!visorReachable)
        {
            visorReachable = true;
            logger.LogInformation("{Name} reaches the Visor at {Endpoint} again", Identity.Name, visor.Endpoint);
        }
    }
}
