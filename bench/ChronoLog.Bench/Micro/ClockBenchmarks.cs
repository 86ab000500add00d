using BenchmarkDotNet.Attributes;
using ChronoLog.Core.Time;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Bench.Micro;

/// <summary>
/// What a tick costs: read from C# through one call into the native clock, beside CLOCK_MONOTONIC, which is what it would
/// be read from without the counter. CHRONOLOG_TSC=0 in the environment measures the fallback.
/// </summary>
public class ClockBenchmarks : IDisposable
{
    private readonly SharedClock clock = new();

    [GlobalSetup]
    public void Set()
    {
        Console.WriteLine($"ticks from {SharedClock.DescribeSource(out _)}");
        ulong local = clock.LocalNanoseconds;
        ulong rate = ClockLine.RateOne + 12345;
        clock.Steer(new ClockLine(local, 1_700_000_000_000_000_000, rate, 0, rate, 50_000, 1000, 0));
    }

    [Benchmark]
    public ulong Tick() => clock.Now;

    [Benchmark]
    public ulong Monotonic() => SharedClock.MonotonicNanoseconds;

    [GlobalCleanup]
    public void Dispose()
    {
        clock.Dispose();
        GC.SuppressFinalize(this);
    }
}
