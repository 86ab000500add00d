using System.Text;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Unit.Fakes;

namespace ChronoLog.Tests.Simulation.Network;

/// <summary>The data plane's faults, put around the fake endpoint that the unit tests use as well.</summary>
public static class SimBulk
{
    /// <summary>An endpoint of the process, which dies with it.</summary>
    public static InMemoryBulk Open(SimNetwork network, SimProcess process, long budget, int slabBytesMax)
    {
        network.OwnBulk(process);
        InMemoryBulk bulk = network.Bulk.NewEndpoint(process.FullName, budget, slabBytesMax);
        bulk.BeforePull = remote => TravelAsync(network, process, remote);
        bulk.Damage = bytes =>
        {
            if (process.World.Random.Chance(network.Conditions.TornPulls))
            {
                process.World.Note("torn pull", process.FullName);
                bytes.Span[process.World.Random.Below(bytes.Length)] ^= 0x40;
            }
        };
        return bulk;
    }

    private static async ValueTask TravelAsync(SimNetwork network, SimProcess process, BulkDescriptor remote)
    {
        SimWorld world = process.World;
        process.Effect("pull");
        world.Note("pull", process.FullName, remote.Key, remote.Crc32C);
        await process.Delay(TimeSpan.FromTicks(network.Delay(world.Random) / 100));
        string name = Encoding.UTF8.GetString(remote.FabricAddress.Span);
        SimProcess? owner = network.BulkOwner(name);
        bool isThere = owner is { IsAlive: true }
            && !network.IsCut(process.Node, owner.Node) && !network.IsCut(owner.Node, process.Node);
        if (!isThere || (owner!.Node != process.Node && world.Random.Chance(network.Conditions.PullFailures)))
        {
            world.Note("pull failed", process.FullName, remote.Key);
            throw new ChronoLogException(Status.NoConnection, $"{process.FullName}: {name} cannot be reached");
        }
    }
}
