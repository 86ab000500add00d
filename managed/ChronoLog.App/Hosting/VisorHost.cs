using ChronoLog.Core.Protocol;
using ChronoLog.Core.Settings;
using ChronoLog.Store.Metadata;
using ChronoLog.Transport.Timing;
using ChronoLog.Visor;
using ChronoLog.Visor.Clock;
using Microsoft.Extensions.Logging;

namespace ChronoLog.App.Hosting;

/// <summary>Composition of <c>chronolog visor</c>.</summary>
internal static class VisorHost
{
    // Suspect after two and a half.
    private const int HeartbeatsMin = 3;

    public static async Task<int> RunAsync(SettingValues settings, CancellationToken cancellation)
    {
        using var stop = new StopSignal(cancellation);
        await using var context = new RoleContext(Role.Visor, VisorSettings.PortalPort, settings);
        VisorOptions options = Options(settings);
        using var store = SqliteMetadataStore.Open(settings.Get(VisorSettings.Database));
        BaseClock clock = BaseClock.Open(
            context.Timers, store, static () => DateTime.UtcNow, ClockOptions(settings), context.Logger);
        var portal = context.Listen(VisorSettings.PortalPort);
        var registry = context.Listen(VisorSettings.RegistryPort);
        var visor = new VisorRole(
            options, context.Identify(portal, registry, clock.Now), portal, registry, context.Connector,
            store, clock, context.Timers, Random.Shared.Next, context.Logger);
        await context.Strand.InvokeAsync(() =>
        {
            visor.Start();
            return ValueTask.CompletedTask;
        });
        context.Logger.LogInformation(
            "serving clients at {Portal}, processes at {Registry}", portal.Endpoint, registry.Endpoint);
        Task marking = context.Strand.InvokeAsync(() => MarkAsync(context, clock, stop.Token));
        await context.Strand.InvokeAsync(() => new ValueTask(visor.RunAsync(stop.Token)));
        await marking;
        context.Logger.LogInformation("stopped");
        return ExitCode.Done;
    }

    private static async ValueTask MarkAsync(RoleContext context, BaseClock clock, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await context.Timers.Delay(BaseClock.MarkPeriod, stop);
                Mark(context, clock);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    // While the disk takes nothing the clock is not told any more, a few seconds from now on; the rest goes on.
    private static void Mark(RoleContext context, BaseClock clock)
    {
        try
        {
            clock.Mark();
        }
        catch (ChronoLogException exception)
        {
            context.Logger.LogError("the base clock's mark could not be written: {Reason}", exception.Message);
        }
    }

    private static BaseClockOptions ClockOptions(SettingValues settings) => new()
    {
        BootId = HostIdentity.BootId,
        BehindMax = settings.Get(VisorSettings.ClockBehindMax),
        IsAnchoredAnew = settings.Get(VisorSettings.ClockAnchor) == VisorSettings.AnchorAnew,
    };

    private static VisorOptions Options(SettingValues settings)
    {
        var options = new VisorOptions
        {
            HeartbeatPeriod = settings.Get(VisorSettings.HeartbeatPeriod),
            DeadAfter = settings.Get(VisorSettings.DeadAfter),
            ClientLease = settings.Get(VisorSettings.ClientLease),
            GroupAssignment = settings.Get(VisorSettings.GroupAssignment),
        };
        return options.DeadAfter >= options.HeartbeatPeriod * HeartbeatsMin
            ? options
            : throw new SettingException(
                $"dead-after ({options.DeadAfter.TotalSeconds} s) must be at least {HeartbeatsMin} times heartbeat-period "
                + $"({options.HeartbeatPeriod.TotalSeconds} s): one late heartbeat is no death");
    }
}
