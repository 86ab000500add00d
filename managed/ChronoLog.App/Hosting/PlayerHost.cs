using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Settings;
using ChronoLog.Player;
using ChronoLog.Store.Archive;
using Microsoft.Extensions.Logging;

namespace ChronoLog.App.Hosting;

/// <summary>Composition of <c>chronolog player</c>.</summary>
internal static class PlayerHost
{
    public static async Task<int> RunAsync(SettingValues settings, CancellationToken cancellation)
    {
        using var stop = new StopSignal(cancellation);
        await using var process = new RoleContext(Role.Player, PlayerSettings.QueryPort, settings);
        using ArchiveCatalog archive = ArchiveCatalog.Open(settings.Get(PlayerSettings.ArchiveDirectory), process.Logger);
        return await MemberContext.RunAsync(
            process, (member, token) => RunAsync(process, member, archive, token), stop.Token) ?? ExitCode.Done;
    }

    private static async Task<int> RunAsync(
        RoleContext process, MemberContext member, ArchiveCatalog archive, CancellationToken stop)
    {
        IRpcServer query = process.Listen(PlayerSettings.QueryPort);
        IRpcServer admin = process.Listen(PlayerSettings.AdminPort);
        var player = new PlayerRole(Options(process.Name, process.Settings), new PlayerPorts
        {
            Strand = process.Strand,
            Registry = member.Register(query, admin, archive.Root.Path),
            Timers = process.Timers,
            Query = query,
            Admin = admin,
            Connector = process.Connector,
            Bulk = member.Bulk,
            Cold = new CatalogColdTier(archive),
            ReadStrands = member.NewStrands("replay", process.Settings.Get(PlayerSettings.ReplayStreams)),
            Logger = process.Logger,
        });
        await process.Strand.InvokeAsync(() =>
        {
            player.Start();
            return ValueTask.CompletedTask;
        });
        process.Logger.LogInformation("replaying from {Archive} at {Endpoint}", archive.Root.Path, query.Endpoint);
        await KeeperHost.WaitAsync(stop);
        await process.Strand.InvokeAsync(player.StopAsync);
        process.Logger.LogInformation("stopped");
        return ExitCode.Done;
    }

    private static readonly PlayerOptions Defaults = new();

    internal static PlayerOptions Options(string name, SettingValues settings) => new()
    {
        Following = Defaults.Following with
        {
            FollowersMax = (int)settings.Get(PlayerSettings.FollowersMax),
            BytesMax = settings.Get(PlayerSettings.FollowMemory),
        },
        Name = name,
        Reads = ReadSettings.Read(settings),
        TierDeadline = settings.Get(PlayerSettings.TierDeadline),
        RecentBytesMax = settings.Get(PlayerSettings.MemoryBudget),
    };
}
