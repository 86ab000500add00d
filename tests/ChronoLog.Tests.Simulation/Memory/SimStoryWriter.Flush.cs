using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Bugs;

namespace ChronoLog.Tests.Simulation.Memory;

/// <content>Flush: a model of <c>native/src/recorder_flush.c</c>, looked at again and again instead of waited for.</content>
internal sealed partial class SimStoryWriter
{
    public bool TryFlush(DurabilityLevel level) => Targets().TrueForAll(target => IsReached(target, Checked(level)));

    public async Task FlushAsync(DurabilityLevel level, TimeSpan timeout)
    {
        // The tails are those at the call: what is recorded meanwhile is not waited for.
        List<(MappedRing Ring, long Tail)> targets = Targets();
        long end = session.Client.MonotonicNanoseconds + (long)timeout.TotalNanoseconds;
        while (!targets.TrueForAll(target => IsReached(target, Checked(level))))
        {
            if (session.Client.MonotonicNanoseconds >= end)
            {
                throw new ChronoLogException(Status.TimedOut, $"{level} was not reached within {timeout}");
            }

            await session.Client.Delay(Poll);
        }
    }

    private DurabilityLevel Checked(DurabilityLevel level) =>
        level <= DurabilityLevel.Synced || (level == DurabilityLevel.Replicated && replicas > 1)
            ? level
            : throw new ChronoLogException(Status.NotSupported, $"a ring does not know when an event is {level}");

    // Any ring that the writer has ever had.
    private List<(MappedRing Ring, long Tail)> Targets()
    {
        IEnumerable<MappedRing> rings = session.Deployment.Bugs.Has(PlantedBug.FlushForgetsLeftRings)
            ? Set
            : sets.SelectMany(static set => set).Distinct();
        return [.. rings.Select(static ring => (ring, ring.Tail))];
    }

    private bool IsReached((MappedRing Ring, long Tail) target, DurabilityLevel level)
    {
        if (level == DurabilityLevel.Accepted)
        {
            return true;
        }

        (MappedRing ring, long tail) = target;
        bool isDurable = level >= DurabilityLevel.Synced;
        if (ring.Position(isDurable) >= tail)
        {
            return true;
        }

        if (!ring.IsMoved)
        {
            return false;
        }

        long own = Math.Min(ring.Kept, tail);
        if (level == DurabilityLevel.Replicated && tail > ring.MovedFrom && AreCopies(ring, ring.Forward!))
        {
            own = tail;
        }

        if (isDurable && (ring.Position(isDurable) < own || own == tail))
        {
            return ring.Position(isDurable) >= own;
        }

        return tail <= ring.MovedFrom || IsReached((ring.Forward!, ring.MovedEnd), level);
    }

    // A set had both rings: then each of its events has, or had, a copy in both.
    private bool AreCopies(MappedRing one, MappedRing other) =>
        sets.Exists(set => set.Contains(one) && set.Contains(other));
}
