using System.Diagnostics;
using System.Globalization;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Faults;
using ChronoLog.Tests.Simulation.Kernel;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Tests.Simulation;

/// <summary>Seeds on the command line: <c>--seeds N [--first S]</c>, or <c>--seed S [--trace]</c>.</summary>
internal static class Program
{
    private const string Usage =
        "usage: --seeds N [--first S] | --seed S [--trace [LINES]]   [--faults KIND,KIND,...|none] [--bug BUG]";

    public static int Main(string[] arguments)
    {
        try
        {
            return Run(Parse(arguments));
        }
        catch (ArgumentException exception)
        {
            Console.Error.WriteLine($"{exception.Message}\n{Usage}");
            return 2;
        }
    }

    private static Dictionary<string, string> Parse(string[] arguments)
    {
        string[] known = ["--seeds", "--first", "--seed", "--trace", "--faults", "--bug"];
        var options = new Dictionary<string, string>();
        for (int i = 0; i < arguments.Length; i++)
        {
            if (!known.Contains(arguments[i]))
            {
                throw new ArgumentException($"unknown option '{arguments[i]}'");
            }

            bool hasValue = i + 1 < arguments.Length && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal);
            options[arguments[i]] = hasValue ? arguments[i + 1] : "";
            i += hasValue ? 1 : 0;
        }

        return options;
    }

    private static int Run(Dictionary<string, string> options)
    {
        IReadOnlyList<FaultKind> faults = options.TryGetValue("--faults", out string? kinds)
            ? kinds == "none" ? [] : [.. kinds.Split(',').Select(Enum.Parse<FaultKind>)]
            : FaultPlan.Every;
        PlantedBugs bugs = options.TryGetValue("--bug", out string? bug)
            ? new PlantedBugs(Enum.Parse<PlantedBug>(bug))
            : PlantedBugs.None;
        bool isTraced = options.TryGetValue("--trace", out string? lines);
        int traceLines = !isTraced ? 60 : lines!.Length > 0 ? (int)Number(lines) : int.MaxValue;
        SimLogger.Least = isTraced ? LogLevel.Information : LogLevel.Warning;
        if (options.TryGetValue("--seed", out string? seed))
        {
            SimulationResult result = Simulation.Run(Number(seed), faults, bugs, traceLines);
            Console.WriteLine(result.Passed && !isTraced ? result.ToString() : result.Report());
            return result.Passed ? 0 : 1;
        }

        ulong count = options.TryGetValue("--seeds", out string? seeds)
            ? Number(seeds)
            : throw new ArgumentException("no seed is given");
        ulong first = options.TryGetValue("--first", out string? start) ? Number(start) : 1;
        return RunMany(first, count, faults, bugs);
    }

    private static int RunMany(ulong first, ulong count, IReadOnlyList<FaultKind> faults, PlantedBugs bugs)
    {
        var watch = Stopwatch.StartNew();
        var failed = new List<SimulationResult>();
        for (ulong seed = first; seed < first + count; seed++)
        {
            SimulationResult result = Simulation.Run(seed, faults, bugs);
            if (!result.Passed)
            {
                failed.Add(result);
                Console.WriteLine($"{result}\n  {string.Join("\n  ", result.Violations)}");
            }
        }

        if (failed.Count > 0)
        {
            Console.WriteLine(failed[0].Report());
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{count} seeds from {first}: {failed.Count} failed, {watch.Elapsed.TotalSeconds:F1} s"));
        return failed.Count == 0 ? 0 : 1;
    }

    private static ulong Number(string text) => ulong.TryParse(text, CultureInfo.InvariantCulture, out ulong number)
        ? number
        : throw new ArgumentException($"'{text}' is no number");
}
