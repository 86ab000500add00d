using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>
/// The steps of a write to the archive: each takes time, and may fail or be the last thing that the process did.
/// </summary>
internal sealed class ArchiveSteps(SimProcess grapher, Func<DiskConditions> conditions)
{
    private const double SlowShare = 0.1;
    private const int SlowMicroseconds = 30_000;
    private const int UsualMicroseconds = 2000;

    public async ValueTask RunAsync(string step, string file, Action effect, CancellationToken cancellation = default)
    {
        SimRandom random = grapher.World.Random;
        int most = random.Chance(SlowShare) ? SlowMicroseconds : UsualMicroseconds;
        await grapher.Delay(TimeSpan.FromMicroseconds(random.Between(20, most)), cancellation);
        if (random.Chance(conditions().FailedArchiving))
        {
            grapher.World.Note("failed archiving", file, StableHash.Of(step));
            throw new ChronoLogException(Status.NoSpace, $"simulated: {step} of {file} failed: no space");
        }

        if (grapher.Effect(step))
        {
            grapher.World.Note(step, file);
            effect();
        }
    }
}
