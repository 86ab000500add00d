namespace ChronoLog.Bench.EndToEnd;

/// <summary>The report for people, with CSV rows for machines. bench/README.md explains the columns.</summary>
internal static class TextReport
{
    private const string CsvHeader =
        "csv,size,phase,variant,events,seconds,events_per_second,mb_per_second,"
        + "client_ns,keeper_ns,grapher_ns,player_ns,limit,limit_events_per_second,ratio,"
        + "gc_client,gc_keeper,gc_grapher,gc_player,client_bytes_per_event";

    private const double Million = 1e6;

    public static void Write(
        IReadOnlyList<(string Name, string Value)> machine, RawLimits limits, IReadOnlyList<SizeResult> sizes)
    {
        foreach ((string name, string value) in machine)
        {
            Console.WriteLine($"{name,-20} {value}");
        }

        Console.WriteLine(
            $"{"raw limits",-20} memcpy {limits.CopyBytesPerSecond / Million:0} MB/s, "
            + $"file write and fsync {limits.WriteBytesPerSecond / Million:0} MB/s, "
            + $"loopback TCP stream {limits.StreamBytesPerSecond / Million:0} MB/s");
        foreach (SizeResult size in sizes)
        {
            WriteTable(size);
        }

        Console.WriteLine($"\n{CsvHeader}");
        foreach (PhaseResult phase in sizes.SelectMany(size => size.Phases))
        {
            Console.WriteLine(Csv(phase));
        }

        Console.WriteLine(
            $"\nfloors: ingestion >= {SizeResult.IngestBar} x, replay >= {SizeResult.ReplayBar} x "
            + "of a minimal log server over loopback TCP");
        foreach (SizeResult size in sizes)
        {
            Console.WriteLine(Floors(size));
        }
    }

    private static void WriteTable(SizeResult size)
    {
        Console.WriteLine(
            $"\n{size.Size} B events; minimal log server: "
            + $"append {size.Floor.AppendEventsPerSecond / Million:0.000} M events/s, "
            + $"range read {size.Floor.RangeEventsPerSecond / Million:0.000} M events/s");
        Console.WriteLine(
            $"  {"",-46} {"",16} |   CPU nanoseconds per event     | {"raw limit",-26} {"",6} | GC");
        Console.WriteLine(
            $"  {"phase",-8} {"variant",-26} {"events",10} {"M ev/s",8} {"MB/s",8} "
            + $"| {"client",7} {"keeper",7} {"grapher",7} {"player",7} "
            + $"| {"of",-17} {"M ev/s",8} {"ratio",6} | {"c/k/g/p",-10} {"B/event",8}");
        foreach (PhaseResult phase in size.Phases)
        {
            Console.WriteLine(Row(phase));
        }
    }

    private static string Row(PhaseResult phase)
    {
        ProcessorTime cpu = phase.Processor;
        return $"  {phase.Phase,-8} {phase.Variant,-26} {phase.Events,10} {phase.EventsPerSecond / Million,8:0.000} "
            + $"{phase.MegabytesPerSecond,8:0} | {phase.NanosecondsPerEvent(cpu.Client),7:0} "
            + $"{phase.NanosecondsPerEvent(cpu.Keeper),7:0} {phase.NanosecondsPerEvent(cpu.Grapher),7:0} "
            + $"{phase.NanosecondsPerEvent(cpu.Player),7:0} | {phase.Limit.Name,-17} "
            + $"{phase.Limit.EventsPerSecond / Million,8:0.000} {phase.Ratio,6:0.00} "
            + $"| {phase.Collections,-10} {phase.ClientBytesPerEvent,8:0.00}";
    }

    private static string Floors(SizeResult size) =>
        $"{size.Size,5} B: ingestion {size.Ingest.EventsPerSecond / Million:0.000} M events/s = "
        + $"{size.Ingest.Ratio:0.00} x of {size.Floor.AppendEventsPerSecond / Million:0.000} "
        + $"({Verdict(size.Ingest.Ratio, SizeResult.IngestBar)}); "
        + $"replay ({size.Replay.Variant}, the slower one) {size.Replay.EventsPerSecond / Million:0.000} M events/s = "
        + $"{size.Replay.Ratio:0.00} x of {size.Floor.RangeEventsPerSecond / Million:0.000} "
        + $"({Verdict(size.Replay.Ratio, SizeResult.ReplayBar)})";

    private static string Verdict(double ratio, double bar) => ratio >= bar ? "ok" : "MISSED";

    private static string Csv(PhaseResult phase)
    {
        ProcessorTime cpu = phase.Processor;
        CollectionCounts collections = phase.Collections;
        return $"csv,{phase.Size},{phase.Phase},\"{phase.Variant}\",{phase.Events},"
            + $"{phase.Elapsed.TotalSeconds:0.000000},{phase.EventsPerSecond:0},{phase.MegabytesPerSecond:0.0},"
            + $"{phase.NanosecondsPerEvent(cpu.Client):0.0},{phase.NanosecondsPerEvent(cpu.Keeper):0.0},"
            + $"{phase.NanosecondsPerEvent(cpu.Grapher):0.0},{phase.NanosecondsPerEvent(cpu.Player):0.0},"
            + $"\"{phase.Limit.Name}\",{phase.Limit.EventsPerSecond:0},{phase.Ratio:0.000},"
            + $"{collections.Client},{collections.Keeper},{collections.Grapher},{collections.Player},"
            + $"{phase.ClientBytesPerEvent:0.000}";
    }
}
