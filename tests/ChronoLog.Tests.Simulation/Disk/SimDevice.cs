using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>
/// The device under a Keeper's journal. While a sync takes long, the thread that asked for it stands still inside it; a
/// simulated one goes on, so what it does after the sync is put off until the sync is over.
/// </summary>
public sealed class SimDevice(SimProcess keeper)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(900);

    private readonly List<Action> waiting = [];

    public bool IsBusy { get; private set; }

    /// <summary>Holds up the thread of the syncs; set by the composition.</summary>
    public Action<TimeSpan>? Stall { get; set; }

    /// <summary>The sync is over when the time has passed.</summary>
    public void BeBusy(Action finish)
    {
        TimeSpan duration = keeper.World.Random.Between(Shortest, Longest);
        keeper.World.Note("slow sync", keeper.FullName, (ulong)duration.Ticks);
        IsBusy = true;
        Stall?.Invoke(duration);
        keeper.World.After(duration, () =>
        {
            IsBusy = false;
            finish();
            List<Action> then = [.. waiting];
            waiting.Clear();
            then.ForEach(static action => action());
        });
    }

    /// <summary>Does it when no sync is under way any more.</summary>
    public void Afterwards(Action action)
    {
        if (IsBusy)
        {
            waiting.Add(action);
        }
        else
        {
            action();
        }
    }
}
