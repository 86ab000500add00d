#pragma warning disable RS0030 // The one place where a thread is made for an agent; the domain itself never does.
namespace ChronoLog.Core.Agents;

/// <summary>The thread that pumps one <see cref="Strand"/> in a process; sleeps while nothing is posted.</summary>
public sealed class StrandThread : IDisposable
{
    // No spinning: a process has a dozen strands, and the yields of those that wait cost those that work more than a
    // wake costs (a third of all processor time of a replay on two processors).
    private readonly ManualResetEventSlim posted = new(false, spinCount: 0);
    private readonly Thread thread;
    private volatile bool stopping;

    public StrandThread(Strand strand)
    {
        Strand = strand;
        strand.Posted = posted.Set;
        thread = new Thread(Pump) { Name = strand.Name, IsBackground = true };
        thread.Start();
    }

    public Strand Strand { get; }

    /// <summary>Runs what is queued, then ends the thread.</summary>
    public void Dispose()
    {
        stopping = true;
        posted.Set();
        thread.Join();
        posted.Dispose();
    }

    private void Pump()
    {
        while (true)
        {
            int done = Strand.DoWork();
            if (done > 0)
            {
                continue;
            }

            if (stopping)
            {
                return;
            }

            // Whatever is posted after the reset sets it again, and what was posted before is run next.
            posted.Wait();
            posted.Reset();
        }
    }
}
