namespace ChronoLog.Bench.Following;

/// <summary>Of some times, in nanoseconds.</summary>
internal readonly record struct Distribution(double Median, double P90, double P99, double Most)
{
    public static Distribution Of(IEnumerable<double> nanoseconds)
    {
        double[] sorted = [.. nanoseconds.Order()];
        return sorted.Length == 0
            ? throw new BenchException("nothing was measured")
            : new Distribution(At(sorted, 50), At(sorted, 90), At(sorted, 99), sorted[^1]);
    }

    private static double At(double[] sorted, int percent) => sorted[Math.Min(sorted.Length - 1, sorted.Length * percent / 100)];
}
