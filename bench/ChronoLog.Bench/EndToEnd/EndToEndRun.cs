namespace ChronoLog.Bench.EndToEnd;

/// <summary>The end-to-end benchmark: the limits of the machine, then each size on a deployment of its own.</summary>
internal static class EndToEndRun
{
    public static async Task<int> RunAsync(BenchOptions options)
    {
        IReadOnlyList<(string Name, string Value)> machine = MachineFacts.Read(options);
        Progress("raw limits of memory, file and loopback");
        RawLimits limits = await RawLimits.MeasureAsync(options.Directory);
        var sizes = new List<SizeResult>();
        foreach (int size in options.Sizes)
        {
            sizes.Add(await new SizeRun(options, size, limits, Progress).RunAsync());
        }

        machine = [.. machine, ("load average after", MachineFacts.Load())];
        if (options.Json)
        {
            JsonReport.Write(machine, limits, sizes);
        }
        else
        {
            TextReport.Write(machine, limits, sizes);
        }

        return 0;
    }

    private static void Progress(string what) => Console.Error.WriteLine($"[{DateTime.Now:HH:mm:ss}] {what}");
}
