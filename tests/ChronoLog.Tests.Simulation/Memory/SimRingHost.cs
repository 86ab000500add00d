using System.Globalization;
using ChronoLog.Core.Ports;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Memory;

/// <summary>Makes the rings of one Keeper in its node's shared memory.</summary>
public sealed class SimRingHost(SimProcess keeper, SharedMemory memory, PlantedBugs bugs) : IRingHost
{
    public IRecordingRing Create(ulong clientId, ulong ringId, int producerPid, long capacityBytes)
    {
        string path = string.Create(
            CultureInfo.InvariantCulture, $"/shm/{keeper.Name}-{keeper.Incarnation}-{ringId}");
        var ring = new RingMemory(keeper.Node, path, clientId, ringId, capacityBytes, memory.ProcessOf(producerPid));
        if (keeper.Effect("create ring"))
        {
            memory.Add(ring);
        }

        return new SimRing(ring, keeper, bugs);
    }
}
