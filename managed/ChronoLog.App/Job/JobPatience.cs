using System.Diagnostics;
using ChronoLog.Core.Protocol;

namespace ChronoLog.App.Job;

/// <summary>A wait for other ranks: it tells what it waits for when that takes long, and ends when nothing new comes.</summary>
/// <param name="most">The longest time without anything new.</param>
/// <param name="tell">Takes lines for people; null: another rank of the node tells the same.</param>
internal sealed class JobPatience(TimeSpan most, Action<string>? tell)
{
    private static readonly TimeSpan FirstWordMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WordPeriod = TimeSpan.FromSeconds(15);

    private long since = Stopwatch.GetTimestamp();
    private TimeSpan nextWord = FirstWord(most);

    /// <summary>Somebody has come, or said something: the wait begins anew.</summary>
    public void Renew()
    {
        since = Stopwatch.GetTimestamp();
        nextWord = FirstWord(most);
    }

    /// <summary>How long nothing new has come.</summary>
    public TimeSpan Waited => Stopwatch.GetElapsedTime(since);

    /// <param name="what">Is waited for, and what is there: made only when it is said.</param>
    /// <exception cref="ChronoLogException">TimedOut: nothing new came for too long.</exception>
    public void Check(Func<string> what)
    {
        TimeSpan waited = Waited;
        if (waited > most)
        {
            throw new ChronoLogException(Status.TimedOut, $"gave up, for nothing new came for {most.TotalSeconds:0.###} s: {what()}");
        }

        if (waited > nextWord)
        {
            nextWord = waited + WordPeriod;
            tell?.Invoke($"still waiting, for {waited.TotalSeconds:0} s now: {what()}");
        }
    }

    private static TimeSpan FirstWord(TimeSpan most) => most / 4 < FirstWordMax ? most / 4 : FirstWordMax;
}
