using System.Globalization;

namespace ChronoLog.Bench.EndToEnd;

/// <summary>
/// What the machine does without ChronoLog, measured by the programs in <c>bench/raw</c> in the same minutes.
/// </summary>
/// <param name="CopyBytesPerSecond">memcpy.</param>
/// <param name="WriteBytesPerSecond">Writing a file, and fsync.</param>
/// <param name="StreamBytesPerSecond">One loopback TCP connection.</param>
internal sealed record RawLimits(double CopyBytesPerSecond, double WriteBytesPerSecond, double StreamBytesPerSecond)
{
    private const long CopyBytes = 2L << 30;
    private const long WriteBytes = 256L << 20;
    private const long StreamBytes = 1L << 30;

    /// <summary>Two batches of half of it are in flight between the log server and its client.</summary>
    private const long WindowBytes = 1 << 20;

    // A run that was disturbed is no limit: the best one counts.
    private const int LogRuns = 2;
    private const int Runs = 3;

    public static async Task<RawLimits> MeasureAsync(string directory)
    {
        string file = TemporaryFile(directory);
        return new RawLimits(
            await BestAsync("memcpy", Text(CopyBytes)),
            await BestAsync("write", Text(WriteBytes), file),
            await BestAsync("stream", Text(StreamBytes)));
    }

    private static async Task<double> BestAsync(params string[] arguments)
    {
        double best = 0;
        for (int run = 0; run < Runs; run++)
        {
            string line = await CommandOutput.OfAsync(BenchPaths.Limits, arguments);
            best = Math.Max(best, Field(line, "bytes") / Field(line, "seconds"));
        }

        return best;
    }

    /// <summary>The minimal log server, for one size.</summary>
    public static async Task<LogFloor> MeasureLogAsync(int size, long events, string directory)
    {
        var best = new LogFloor(0, 0);
        for (int run = 0; run < LogRuns; run++)
        {
            string output = await CommandOutput.OfAsync(
                BenchPaths.Floor, Text(size), Text(events), Text(WindowBytes), TemporaryFile(directory));
            string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            best = new LogFloor(
                Math.Max(best.AppendEventsPerSecond, EventsPerSecond(lines, "append")),
                Math.Max(best.RangeEventsPerSecond, EventsPerSecond(lines, "range")));
        }

        return best;
    }

    private static double EventsPerSecond(string[] lines, string phase) =>
        Field(lines.First(line => line.StartsWith($"phase={phase} ", StringComparison.Ordinal)), "events_per_second");

    private static double Field(string line, string name)
    {
        string start = $" {name}=";
        int at = line.IndexOf(start, StringComparison.Ordinal);
        return at < 0
            ? throw new BenchException($"floor printed no {name}: {line}")
            : double.Parse(line[(at + start.Length)..].Split(' ', '\n')[0], CultureInfo.InvariantCulture);
    }

    private static string TemporaryFile(string directory) =>
        Path.Combine(directory, $"chronolog-floor-{Environment.ProcessId}");

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
