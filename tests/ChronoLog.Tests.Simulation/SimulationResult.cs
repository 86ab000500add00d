using System.Text;
using ChronoLog.Tests.Simulation.Faults;

namespace ChronoLog.Tests.Simulation;

/// <summary>What a run came to.</summary>
internal sealed record SimulationResult
{
    public required ulong Seed { get; init; }

    public required ulong Hash { get; init; }

    public required long Steps { get; init; }

    public required long Events { get; init; }

    public required int Replays { get; init; }

    public required int CompleteReplays { get; init; }

    public required int Flushes { get; init; }

    public required IReadOnlyList<FaultKind> Faults { get; init; }

    public required IReadOnlyList<string> Violations { get; init; }

    public required IReadOnlyList<string> Trace { get; init; }

    public bool Passed => Violations.Count == 0;

    public override string ToString() =>
        $"seed {Seed}: {(Passed ? "ok" : "FAILED")}, trace {Hash:x16}, {Steps} steps, {Events} events, "
        + $"{Replays} replays ({CompleteReplays} complete), {Flushes} flushes, "
        + $"faults {string.Join(' ', Faults)}";

    /// <summary>Everything that is needed to look into a failure.</summary>
    public string Report()
    {
        var report = new StringBuilder();
        foreach (string line in Trace)
        {
            report.AppendLine(line);
        }

        report.AppendLine(ToString());
        foreach (string violation in Violations)
        {
            report.AppendLine(violation);
        }

        report.AppendLine(
            $"again: dotnet run --project tests/ChronoLog.Tests.Simulation -c Release -- --seed {Seed} --trace");
        return report.ToString();
    }
}
