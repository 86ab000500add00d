using System.Globalization;
using ChronoLog.Core.Ports;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Disk;
using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Memory;

/// <summary>Makes the rings of one Keeper in its node's shared memory.</summary>
public sealed class SimRingHost(SimProcess keeper, SharedMemory memory, PlantedBugs bugs, SimDevice device) : IRingHost
{
    private ulong processId;

    public void Identify(ulong keeperProcessId, ulong epoch) => processId = keeperProcessId;

    public ReattachedRings Reattach(IReadOnlyDictionary<ulong, long> journaled)
    {
        if (bugs.Has(PlantedBug.RestartForgetsRings))
        {
            return new ReattachedRings([], []);
        }

        var found = new List<ReattachedRing>();
        foreach (RingMemory memoryOfRing in memory.Rings.Where(ring => ring.Owner == keeper.Name))
        {
            var ring = new SimRing(memoryOfRing, keeper, bugs, device);
            ring.Resume(journaled.GetValueOrDefault(ring.RingId));
            keeper.World.Note("reattach", ring.Path, (ulong)ring.Consumed);
            found.Add(new ReattachedRing(
                ring, (uint)memoryOfRing.ProducerPid, memoryOfRing.KeeperProcessId, memoryOfRing.IsClosed));
        }

        return new ReattachedRings(found, []);
    }

    public IRecordingRing Create(
        ulong clientId, ulong ringId, int producerPid, long capacityBytes, bool isMirror = false)
    {
        string path = string.Create(
            CultureInfo.InvariantCulture, $"/shm/{keeper.Name}-{keeper.Incarnation}-{ringId}");
        var ring = new RingMemory(
            keeper.Node, path, clientId, ringId, capacityBytes, producerPid, isMirror ? null : memory.ProcessOf(producerPid))
        {
            Owner = keeper.Name, KeeperProcessId = processId, IsMirror = isMirror,
        };
        if (keeper.Effect("create ring"))
        {
            memory.Add(ring);
        }

        return new SimRing(ring, keeper, bugs, device);
    }
}
