using ChronoLog.Core.Agents;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Fakes;

/// <summary>Runs the strands of a test on the test's own thread.</summary>
public sealed class StrandPump(ManualTimers timers)
{
    private readonly List<Strand> strands = [];

    public ManualTimers Timers => timers;

    public Strand Add(string name)
    {
        var strand = new Strand(name);
        strands.Add(strand);
        return strand;
    }

    /// <summary>Pumps until no strand has work; time stands still.</summary>
    public void Settle()
    {
        const int CyclesMax = 1_000_000;
        for (int cycle = 0; cycle < CyclesMax; cycle++)
        {
            int done = 0;
            foreach (Strand strand in strands)
            {
                done += strand.DoWork();
            }

            if (done == 0)
            {
                return;
            }
        }

        Assert.Fail("the strands never come to rest while time stands still");
    }

    /// <summary>Lets each strand do what it has at this moment, so many times; time stands still.</summary>
    public void Step(int count)
    {
        for (int step = 0; step < count; step++)
        {
            strands[step % strands.Count].DoWork();
        }
    }

    /// <summary>Lets time pass in the steps of the delays that become due, settling after each.</summary>
    public void Advance(TimeSpan duration)
    {
        long end = timers.MonotonicNanoseconds + (long)duration.TotalNanoseconds;
        Settle();
        while (timers.NextDue is { } due && due <= end)
        {
            timers.AdvanceTo(due);
            Settle();
        }

        timers.AdvanceTo(end);
        Settle();
    }

    /// <summary>
    /// Runs a function on a strand, lets time pass as far as needed (at most an hour) and returns its result.
    /// </summary>
    public T Run<T>(Strand strand, Func<ValueTask<T>> function) => Complete(strand.InvokeAsync(function));

    /// <inheritdoc cref="Run{T}"/>
    public void Run(Strand strand, Func<ValueTask> function) => Complete(strand.InvokeAsync(function));

    public T Complete<T>(Task<T> task)
    {
        Complete((Task)task);
        return task.GetAwaiter().GetResult();
    }

    public void Complete(Task task)
    {
        long end = timers.MonotonicNanoseconds + (long)TimeSpan.FromHours(1).TotalNanoseconds;
        Settle();
        while (!task.IsCompleted && timers.NextDue is { } due && due <= end)
        {
            timers.AdvanceTo(due);
            Settle();
        }

        Assert.That(task.IsCompleted, Is.True, "nothing is left to do, and the task has not ended");
        task.GetAwaiter().GetResult();
    }
}
