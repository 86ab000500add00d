using ChronoLog.Core.Time;

namespace ChronoLog.Tests.Unit.Time;

/// <summary>
/// A process with its local clock, which begins anywhere, drifts, and changes its drift within what a crystal does; and
/// the way to the base clock, whose two directions have nothing in common. Time is the base clock's, in nanoseconds.
/// </summary>
/// <param name="random">Everything is drawn from it.</param>
/// <param name="localStart">What the local clock reads at base time 0.</param>
/// <param name="drift">By how much it runs faster than the base clock: 1e-4 = 100 ppm.</param>
internal sealed class DriftingClock(Random random, double localStart, double drift)
{
    // Half of what the estimator allows for: between any two moments it is at most the whole.
    private const double Wander = ClockEstimator.WanderMax / 2.1;
    private double lastTrue;
    private double lastLocal = localStart;
    private double wander;

    public const ulong Start = 1_700_000_000_000_000_000;

    /// <summary>The base clock; the present.</summary>
    public double True { get; private set; }

    public ulong BaseTick => Start + (ulong)True;

    public ulong Local => (ulong)(lastLocal + ((True - lastTrue) * (1 + drift + wander)));

    public void Pass(double nanoseconds)
    {
        (lastLocal, lastTrue) = (lastLocal + ((True - lastTrue) * (1 + drift + wander)), True);
        True += nanoseconds;
        (lastLocal, lastTrue) = (lastLocal + ((True - lastTrue) * (1 + drift + wander)), True);
        wander = Math.Clamp(wander + ((random.NextDouble() - 0.5) * 1e-6), -Wander, Wander);
    }

    public ClockSample Exchange(double requestFactor = 1, double replyFactor = 1)
    {
        ulong sent = Local;
        (ulong received, ulong answered) = Ask(requestFactor, replyFactor);
        return new ClockSample(sent, Local, received, answered);
    }

    /// <summary>The way there, some time at the base clock, the way back.</summary>
    /// <returns>What the base clock read there.</returns>
    public (ulong Received, ulong Answered) Ask(double requestFactor, double replyFactor)
    {
        Pass(Way() * requestFactor);
        ulong received = BaseTick;
        Pass(random.NextDouble() * 30_000);
        ulong answered = BaseTick;
        Pass(Way() * replyFactor);
        return (received, answered);
    }

    // 20 us and a tail: some messages wait for a processor or for others.
    private double Way() =>
        20_000 + (-Math.Log(1 - random.NextDouble()) * 15_000) + (random.Next(20) == 0 ? random.NextDouble() * 5_000_000 : 0);
}
