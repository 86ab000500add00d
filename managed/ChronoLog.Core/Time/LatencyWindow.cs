namespace ChronoLog.Core.Time;

/// <summary>
/// The last measured one-way latencies, and what most of them did not exceed. Pure: whoever measures adds. Thread-safe.
/// </summary>
/// <param name="size">Measurements kept: with three in half a second, 1024 are nearly three minutes.</param>
public sealed class LatencyWindow(int size = 1024)
{
    private readonly Lock gate = new();
    private readonly ulong[] latencies = new ulong[size];
    private ulong[] sorted = [];
    private long sortedCount;
    private long count;

    /// <summary>Measurements so far, forgotten ones included.</summary>
    public long Count
    {
        get
        {
            lock (gate)
            {
                return count;
            }
        }
    }

    /// <summary>Takes one; the oldest goes when the window is full.</summary>
    public void Add(ulong nanoseconds)
    {
        lock (gate)
        {
            latencies[count % size] = nanoseconds;
            count++;
        }
    }

    /// <summary>
    /// The least latency that at least this part of the kept ones did not exceed (the nearest-rank quantile); 0 without
    /// any.
    /// </summary>
    /// <param name="part">Above 0, at most 1.</param>
    public ulong Quantile(double part)
    {
        lock (gate)
        {
            // Whoever watches a window asks more often than anyone measures.
            if (sortedCount != count)
            {
                sorted = latencies[..(int)Math.Min(count, size)];
                Array.Sort(sorted);
                sortedCount = count;
            }

            int rank = (int)Math.Ceiling(part * sorted.Length);
            return sorted.Length == 0 ? 0 : sorted[Math.Clamp(rank, 1, sorted.Length) - 1];
        }
    }
}
