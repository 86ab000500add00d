using System.Text.Json;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;

namespace ChronoLog.App.Torture;

/// <summary>What a run found: a count for each anomaly, all of which must be 0.</summary>
internal sealed class TortureReport
{
    private readonly List<(string Name, long Count, string Example)> anomalies = [];
    private readonly List<(string Name, string Value)> facts = [];

    public bool IsGood => anomalies.TrueForAll(anomaly => anomaly.Count == 0);

    public void Fact(string name, object value) =>
        facts.Add((name, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{value}")));

    public void Anomaly(string name, long count, string example = "") => anomalies.Add((name, count, example));

    /// <summary>Compares a replay with what the writers said.</summary>
    public void Compare(string phase, StoryCheck replay, IReadOnlyList<WriterLedger> ledgers)
    {
        long lost = 0;
        long resurrected = 0;
        long invented = 0;
        string example = "";
        foreach (WriterLedger ledger in ledgers)
        {
            NumberSet numbers = replay.Of(ledger.Writer, ledger.Incarnation);
            (long count, long first) = numbers.Missing(
                ledger.Acknowledged, ledger.Failed.Union(ledger.Unknown).ToHashSet());
            lost += count;
            example = count > 0 && example.Length == 0
                ? $"event {first} of writer {ledger.Writer}.{ledger.Incarnation}"
                : example;
            resurrected += ledger.Failed.Count(numbers.Contains);
            invented += ledger.Recorded is { } recorded ? Math.Max(0, numbers.End - recorded) : 0;
        }

        HashSet<(int, int)> known = [.. ledgers.Select(ledger => (ledger.Writer, ledger.Incarnation))];
        invented += replay.Writers.Where(each => !known.Contains((each.Writer, each.Incarnation)))
            .Sum(each => each.Numbers.Count);
        Anomaly($"{phase}: acknowledged and lost", lost, example);
        Anomaly($"{phase}: failed and yet there", resurrected);
        Anomaly($"{phase}: never recorded and yet there", invented + replay.Foreign);
        Check(phase, replay);
    }

    /// <summary>What a replay shows by itself.</summary>
    public void Check(string phase, StoryCheck replay)
    {
        Anomaly($"{phase}: identity twice", replay.Duplicated);
        Anomaly($"{phase}: record under two identities", replay.RecordedTwice);
        Anomaly($"{phase}: out of order", replay.Disordered);
        Anomaly($"{phase}: damaged", replay.Corrupt);
        Gap? gap = replay.Gaps.Count > 0 ? replay.Gaps[0] : null;
        Anomaly($"{phase}: gaps (PARTIAL)", replay.Gaps.Count, gap is null
            ? ""
            : $"{ChronoTick.Format(gap.StartTime)} .. {ChronoTick.Format(gap.EndTime)}: {gap.Reason}");
    }

    public void WriteText()
    {
        foreach ((string name, string value) in facts)
        {
            Console.WriteLine($"{name,-34} {value}");
        }

        foreach ((string name, long count, string example) in anomalies)
        {
            Console.WriteLine($"{name,-34} {count}{(example.Length > 0 ? $"  ({example})" : "")}");
        }

        long total = anomalies.Sum(anomaly => anomaly.Count);
        Console.WriteLine(IsGood ? "anomalies=0 result=ok" : $"anomalies={total} result=FAILED");
    }

    public void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("facts");
        foreach ((string name, string value) in facts)
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
        writer.WriteStartObject("anomalies");
        foreach ((string name, long count, _) in anomalies)
        {
            writer.WriteNumber(name, count);
        }

        writer.WriteEndObject();
        writer.WriteBoolean("ok", IsGood);
    }
}
