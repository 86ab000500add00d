using ChronoLog.Core.Agents;

namespace ChronoLog.Tests.Simulation.Kernel;

/// <summary>
/// Stands for the thread of one agent: a cycle at a time, soon again while there is work, else after a sleep.
/// </summary>
public sealed class SimAgent(SimProcess process, IAgent agent, Func<TimeSpan> sleepMax) : IAgentRun
{
    private const long BusyNanosecondsMax = 20_000;

    private long turn;
    private bool isEnded;
    private long stalledUntil;

    /// <summary>Ends the sleep.</summary>
    public void Wake() => Schedule(process.World.Random.Between(0, BusyNanosecondsMax));

    public void Dispose() => isEnded = true;

    /// <summary>It stands still in what it does now: a system call that takes long.</summary>
    public void Stall(TimeSpan duration) => stalledUntil = process.World.Now + (duration.Ticks * 100);

    private void Schedule(long delay)
    {
        if (isEnded)
        {
            return;
        }

        long mine = ++turn;
        process.World.At(Math.Max(process.World.Now + delay, stalledUntil), () =>
        {
            if (mine == turn && !isEnded && process.MayRun)
            {
                Cycle();
            }
        });
    }

    private void Cycle()
    {
        process.World.Note("cycle", agent.Name);
        long mine = turn;
        int done = Work();
        if (mine == turn) // nobody woke it meanwhile
        {
            SimRandom random = process.World.Random;
            Schedule(done > 0
                ? random.Between(0, BusyNanosecondsMax)
                : random.Between(BusyNanosecondsMax, sleepMax().Ticks * 100));
        }
    }

    private int Work()
    {
        try
        {
            return agent.DoWork();
        }
        catch (Exception exception)
        {
            if (process.IsAlive)
            {
                process.World.Violations.Add("no defect", $"{agent.Name} threw {exception}");
            }

            return 0;
        }
    }
}
