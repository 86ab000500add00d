#pragma warning disable RS0030 // The one place where a thread is made for an agent; the domain itself never does.
namespace ChronoLog.Core.Agents;

/// <summary>
/// Drives one agent on a thread of its own: works while there is work, then yields for a while, then sleeps up to a
/// bound. <see cref="Wake"/> ends the sleep.
/// </summary>
public sealed class AgentRunner : IAgentRun
{
    // Spinning pays only while the producer is about to publish; a yield costs about 1 µs, so 200 of them bound the
    // busy time after the last event to a fraction of a millisecond.
    private const int Yields = 200;

    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    private readonly IAgent agent;
    private readonly Action<Exception> failed;
    private readonly Func<TimeSpan> sleepMax;
    private readonly Action<TimeSpan>? sleepBriefly;
    private readonly ManualResetEventSlim wake = new(false, spinCount: 0);
    private readonly Thread thread;
    private volatile bool stopping;

    /// <param name="agent">Driven from the new thread only.</param>
    /// <param name="sleepMax">
    /// Longest sleep now, and so the longest delay before work is noticed without a wake; asked before every sleep, so
    /// that an agent that can have no work (no client is there) costs next to nothing.
    /// </param>
    /// <param name="failed">
    /// Receives what <see cref="IAgent.DoWork"/> threw; the runner goes on after a full sleep.
    /// </param>
    /// <param name="sleepBriefly">
    /// For sleeps of less than a millisecond, which waits of the runtime do not have; no wake ends them. Null: they become one
    /// millisecond.
    /// </param>
    public AgentRunner(
        IAgent agent, Func<TimeSpan> sleepMax, Action<Exception> failed, Action<TimeSpan>? sleepBriefly = null)
    {
        this.sleepBriefly = sleepBriefly;
        this.agent = agent;
        this.sleepMax = sleepMax;
        this.failed = failed;
        thread = new Thread(Run) { Name = agent.Name, IsBackground = true };
        thread.Start();
    }

    /// <summary>Ends the current sleep. From any thread.</summary>
    public void Wake() => wake.Set();

    public void Dispose()
    {
        stopping = true;
        Wake();
        thread.Join();
        wake.Dispose();
    }

    private void Run()
    {
        int idle = 0;
        while (!stopping)
        {
            if (Step() > 0)
            {
                idle = 0;
                continue;
            }

            Idle(idle);
            idle = Math.Min(idle + 1, Yields);
        }
    }

    private int Step()
    {
        try
        {
            return agent.DoWork();
        }
        catch (Exception exception)
        {
            failed(exception);
            wake.Wait(sleepMax());
            return 0;
        }
    }

    private void Idle(int cycles)
    {
        if (cycles < Yields)
        {
            Thread.Yield();
            return;
        }

        TimeSpan sleep = sleepMax();
        if (sleep >= Millisecond || wake.IsSet)
        {
            wake.Wait(sleep);
        }
        else if (sleepBriefly is not null)
        {
            sleepBriefly(sleep);
        }
        else
        {
            wake.Wait(Millisecond);
        }

        wake.Reset();
    }
}
