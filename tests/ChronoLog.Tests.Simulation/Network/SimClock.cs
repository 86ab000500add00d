using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Network;

/// <summary>
/// The base clock as a process knows it: the product's synchronisation, on the node's monotonic clock. What it publishes
/// to, the native clock, is C; here the line is read as the product's own twin of it does.
/// </summary>
/// <param name="process">Whose clock it is.</param>
/// <param name="check">Told after each correction: now, and the uncertainty that is stated.</param>
public sealed class SimClock(SimProcess process, Action<SimClock> check) : ISteeredClock
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    private ClockLine line;
    private ClockSynchronizer? synchronizer;
    private ulong last;
    private bool isSet;

    public SimProcess Process => process;

    /// <summary>As measured by the synchronisation; null before the first.</summary>
    public LatencyWindow? Latency => synchronizer?.Latency;

    public ulong UncertaintyNanoseconds => line.UncertaintyAt(LocalNanoseconds);

    public ulong LocalNanoseconds => (ulong)process.MonotonicNanoseconds;

    public string TickSource => "simulated";

    /// <summary>Takes any exchange, and lets corrections go backwards: for a planted defect.</summary>
    public bool Steps { get; init; }

    public ulong Now
    {
        get
        {
            ulong now = isSet ? line.At(LocalNanoseconds) : 0;
            return last = Steps ? now : Math.Max(last, now);
        }
    }

    public void Steer(in ClockLine next)
    {
        line = next;
        isSet = true;
        check(this);
    }

    /// <summary>Until the Visor has told the time.</summary>
    public async Task SetAsync(IRpcChannel visor, RpcMethod<ClockRequest, ClockReply> method)
    {
        synchronizer = new ClockSynchronizer(visor, method, this);
        while (!await TryRoundAsync(visor, method))
        {
            await process.Delay(RetryPause);
        }
    }

    /// <summary>One round of exchanges.</summary>
    /// <exception cref="ChronoLogException">The Visor did not answer.</exception>
    public async Task SynchronizeAsync(
        IRpcChannel visor, RpcMethod<ClockRequest, ClockReply> method, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        synchronizer ??= new ClockSynchronizer(visor, method, this);
        if (!await TryRoundAsync(visor, method))
        {
            throw new ChronoLogException(Status.TimedOut, "the visor did not tell the time");
        }
    }

    public async Task KeepAsync(
        IRpcChannel visor, RpcMethod<ClockRequest, ClockReply> method, TimeSpan period,
        CancellationToken cancellation = default)
    {
        try
        {
            while (Steps)
            {
                await process.Delay(period, cancellation);
                await TryRoundAsync(visor, method);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return;
        }

        await synchronizer!.RunAsync(process, period, cancellation);
    }

    public ClockReport? Report() => synchronizer?.Report();

    private async ValueTask<bool> TryRoundAsync(IRpcChannel visor, RpcMethod<ClockRequest, ClockReply> method)
    {
        try
        {
            await (Steps ? StepAsync(visor, method) : synchronizer!.SynchronizeAsync());
            return true;
        }
        catch (ChronoLogException)
        {
            return false;
        }
    }

    private async Task StepAsync(IRpcChannel visor, RpcMethod<ClockRequest, ClockReply> method)
    {
        ulong sent = LocalNanoseconds;
        ClockReply reply = await visor.CallAsync(method, new ClockRequest(), TimeSpan.FromSeconds(2));
        ulong middle = sent + ((LocalNanoseconds - sent) / 2);
        line = new ClockLine(middle, reply.VisorSend, ClockLine.RateOne, 0, ClockLine.RateOne, 0, 0, 0);
        isSet = true;
    }
}
