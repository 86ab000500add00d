namespace ChronoLog.Bench.EndToEnd;

/// <summary>The products of the build that are measured, found from here upwards.</summary>
internal static class BenchPaths
{
    /// <summary>The NativeAOT binary; CHRONOLOG_BENCH_EXECUTABLE names another one.</summary>
    public static string Chronolog => Environment.GetEnvironmentVariable("CHRONOLOG_BENCH_EXECUTABLE")
        ?? Find("bin/chronolog", "./build.sh build");

    /// <summary>The minimal log server, compiled from bench/raw/floor.c.</summary>
    public static string Floor => Find("bench/floor", "bench/run.sh");

    /// <summary>The single limits, compiled from bench/raw/limits.c.</summary>
    public static string Limits => Find("bench/limits", "bench/run.sh");

    private static string Find(string product, string maker)
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            string candidate = Path.Combine(at, "artifacts", product);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }

        throw new BenchException($"artifacts/{product} is not built: {maker}");
    }
}
