using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Tests.Simulation.Kernel;

/// <summary>
/// A process of the deployment. It dies by <see cref="Kill"/>, between two steps or inside one: from then on nothing
/// of it
/// runs, and what the interrupted step still does has no effect, because every port looks at <see cref="IsAlive"/>
/// first.
/// </summary>
public abstract class SimProcess : ITimers
{
    private readonly List<SimStrand> strands = [];
    private readonly List<SimAgent> agents = [];
    private long pausedUntil;

    protected SimProcess(SimNode node, string name, int incarnation)
    {
        Node = node;
        Name = name;
        Incarnation = incarnation;
        Logger = new SimLogger(this);
    }

    public SimWorld World => Node.World;

    public SimNode Node { get; }

    public string Name { get; }

    /// <summary>Of this name, from 0.</summary>
    public int Incarnation { get; }

    public string FullName => $"{Name}#{Incarnation}";

    public bool IsAlive { get; private set; } = true;

    /// <summary>It was told to end, and has not yet.</summary>
    public bool IsStopping { get; private set; }

    public bool MayRun => IsAlive && World.Now >= pausedUntil;

    public ILogger Logger { get; }

    public long MonotonicNanoseconds => Node.Monotonic;

    /// <summary>Chance that the process dies at any one effect on the outside.</summary>
    public double CrashChance { get; set; }

    public abstract void Start();

    public Strand NewStrand(string purpose)
    {
        var strand = new Strand($"{FullName} {purpose}");
        Adopt(strand);
        return strand;
    }

    /// <summary>Pumps a strand that somebody else has made.</summary>
    public void Adopt(Strand strand)
    {
        var scheduled = new SimStrand(this, strand);
        strand.Unhandled = exception =>
        {
            if (IsAlive)
            {
                World.Violations.Add("no defect", $"{strand.Name}: unhandled {exception}");
            }
        };
        strand.Posted = () =>
        {
            if (MayRun)
            {
                World.Wake(scheduled);
            }
        };
        strands.Add(scheduled);
    }

    public SimAgent AddAgent(IAgent agent, Func<TimeSpan> sleepMax)
    {
        var scheduled = new SimAgent(this, agent, sleepMax);
        agents.Add(scheduled);
        scheduled.Wake();
        return scheduled;
    }

    public Task Delay(TimeSpan duration, CancellationToken cancellation = default)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (cancellation.IsCancellationRequested)
        {
            done.SetCanceled(cancellation);
            return done.Task;
        }

        World.After(Node.ToWorld(duration), () =>
        {
            if (IsAlive)
            {
                done.TrySetResult();
            }
        });
        cancellation.UnsafeRegister(_ => done.TrySetCanceled(cancellation), null);
        return done.Task;
    }

    /// <summary>Stops the process for a while (SIGSTOP, a swap storm): it comes back and does not know.</summary>
    public void Pause(TimeSpan duration)
    {
        World.Note("pause", FullName, (ulong)duration.Ticks);
        pausedUntil = World.Now + (duration.Ticks * 100);
        World.At(pausedUntil, Resume);
    }

    /// <summary>SIGTERM: it ends by itself, in order. Told like a crash (<see cref="Crashed"/>) when it has.</summary>
    public void Stop()
    {
        if (IsAlive && !IsStopping)
        {
            IsStopping = true;
            World.Note("stop", FullName);
            BeginStop();
        }
    }

    /// <summary>Ends in order, and calls <see cref="Exit"/>.</summary>
    protected virtual void BeginStop() => Exit();

    protected void Exit()
    {
        if (IsAlive)
        {
            Kill("exit");
            Crashed?.Invoke(this);
        }
    }

    public void Kill(string why)
    {
        if (IsAlive)
        {
            World.Note(why, FullName);
            IsAlive = false;
            Died();
        }
    }

    /// <summary>
    /// Before an effect on the outside: the process may die just here.
    /// </summary>
    /// <returns>Whether the effect takes place.</returns>
    public bool Effect(string what)
    {
        if (IsAlive && CrashChance > 0 && World.Random.Chance(CrashChance))
        {
            Kill($"crash at {what}");
            Crashed?.Invoke(this);
        }

        return IsAlive;
    }

    /// <summary>Told when the process ended by itself: at an <see cref="Effect"/>, or in order.</summary>
    public Action<SimProcess>? Crashed { get; set; }

    /// <summary>What the node's system does when a process ends.</summary>
    protected virtual void Died()
    {
    }

    private void Resume()
    {
        if (!MayRun)
        {
            return;
        }

        strands.ForEach(World.Wake);
        agents.ForEach(static agent => agent.Wake());
    }
}
