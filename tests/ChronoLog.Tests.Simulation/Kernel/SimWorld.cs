using ChronoLog.Core.Agents;

namespace ChronoLog.Tests.Simulation.Kernel;

/// <summary>
/// Virtual time and the one scheduler: events that are due run in the order of their time; between them the seed picks
/// which of the strands that have work runs its next callback. One thread, and nothing else runs anything.
/// </summary>
public sealed class SimWorld(ulong seed, int traceLines = 400)
{
    // What one callback costs: time passes while a process works, so that its timers and messages fall between its
    // steps.
    private const int StepNanosecondsMax = 4000;

    private readonly PriorityQueue<Action, (long Due, long Number)> events = new();
    private readonly List<SimStrand> runnable = [];
    private readonly int thread = Environment.CurrentManagedThreadId;
    private long number;

    public ulong Seed => seed;

    public SimRandom Random { get; } = new(seed);

    public Trace Trace { get; } = new(traceLines);

    public Violations Violations { get; } = new();

    /// <summary>Virtual nanoseconds; the same for everybody. What a process sees is its node's clock.</summary>
    public long Now { get; private set; } = TimeSpan.FromSeconds(100).Ticks * 100;

    /// <summary>Callbacks and events so far.</summary>
    public long Steps { get; private set; }

    /// <summary>Runs the action when the time has come. It runs on no strand.</summary>
    public void At(long due, Action action) => events.Enqueue(action, (Math.Max(due, Now), number++));

    public void After(TimeSpan delay, Action action) => At(Now + (delay.Ticks * 100), action);

    public void After(long nanoseconds, Action action) => At(Now + nanoseconds, action);

    public void Note(string what, string who, ulong first = 0, ulong second = 0) =>
        Trace.Add(Now, what, who, first, second);

    /// <summary>Runs until the condition holds or the time is over.</summary>
    /// <returns>Whether it holds.</returns>
    public bool RunUntil(Func<bool> condition, TimeSpan atMost)
    {
        long end = Now + (atMost.Ticks * 100);
        while (!condition())
        {
            if (Now >= end || Violations.Any)
            {
                return false;
            }

            Step();
        }

        return true;
    }

    public void Run(TimeSpan duration) => RunUntil(static () => false, duration);

    /// <summary>Lets a strand have its turn: it has work.</summary>
    internal void Wake(SimStrand strand)
    {
        if (Environment.CurrentManagedThreadId != thread)
        {
            Violations.Add("scheduling", $"{strand.Strand.Name}: something left its strand for a thread of the pool");
            return;
        }

        if (!strand.IsRunnable)
        {
            strand.IsRunnable = true;
            runnable.Add(strand);
        }
    }

    private void Step()
    {
        Steps++;
        if (events.TryPeek(out _, out (long Due, long Number) next) && (next.Due <= Now || runnable.Count == 0))
        {
            Now = Math.Max(Now, next.Due);
            events.Dequeue()();
            return;
        }

        if (runnable.Count == 0)
        {
            throw new InvalidOperationException("nothing is left to do: not even a heartbeat");
        }

        int index = Random.Below(runnable.Count);
        SimStrand strand = runnable[index];
        Now += Random.Below(StepNanosecondsMax);
        if (!strand.Process.MayRun || RunOne(strand) == 0)
        {
            strand.IsRunnable = false;
            runnable[index] = runnable[^1];
            runnable.RemoveAt(runnable.Count - 1);
        }
    }

    private int RunOne(SimStrand strand)
    {
        Note("step", strand.Strand.Name);
        return strand.Strand.DoWork(1);
    }
}
