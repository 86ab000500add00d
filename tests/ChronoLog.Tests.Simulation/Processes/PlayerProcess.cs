using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Player;
using ChronoLog.Tests.Simulation.Disk;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Network;

namespace ChronoLog.Tests.Simulation.Processes;

/// <summary>A Player, composed as in the product.</summary>
internal sealed class PlayerProcess(Deployment deployment, SimNode node, string name, int incarnation)
    : MemberProcess(deployment, node, name, incarnation, Role.Player)
{
    public SimColdTier Cold { get; } = new(deployment.Archives[deployment.GroupOf(name)], deployment.Bugs);

    private PlayerRole? role;

    protected override ValueTask ComposeAsync()
    {
        SimRpcServer query = Listen("query");
        SimRpcServer admin = Listen("admin");
        Bulk.VerifiesChecksum = !Deployment.Bugs.Has(Bugs.PlantedBug.SkipPullChecksum);
        role = new PlayerRole(Options(Deployment.Settings), new PlayerPorts
        {
            Strand = Strand,
            Registry = Register(query, admin),
            Timers = this,
            Query = query,
            Admin = admin,
            Connector = Connector,
            Bulk = Bulk,
            Cold = Cold,
            ReadStrands = NewStrands("replay", 1),
            Logger = Logger,
        });
        role.Start();
        return default;
    }

    protected override ValueTask StopRoleAsync() => role!.StopAsync();

    private PlayerOptions Options(SimSettings settings) => new()
    {
        Name = Name,
        TierDeadline = settings.TierDeadline,
        PageDeadline = TimeSpan.FromSeconds(1),
        Following = settings.Following,
        Reads = new ReadServiceOptions { Server = Name, Lease = TimeSpan.FromSeconds(2) },
    };
}
