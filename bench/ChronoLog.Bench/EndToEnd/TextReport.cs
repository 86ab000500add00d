namespace ChronoLog.Bench.EndToEnd;

/// <summary>The report for people, with CSV rows for machines. The columns are explained in bench/README.md.</summary>
internal static class TextReport
{
    private const string CsvHeader =
        "csv,size,phase,variant,events,seconds,events_per_second,mb_per_second,client_ns,keeper_ns,grapher_ns,player_ns,"
        + "limit,limit_events_per_second,ratio,gc_client,gc_keeper,gc_grapher,gc_player,client_bytes_per_event";

    public static void Write(
        IReadOnlyList<(string Name, string Value)> machine, RawLimits limits, IReadOnlyList<SizeResult> sizes)
    {
        foreach ((string name, string value) in machine)
        {
            Line($"{name,-20} {value}");
        }

        Line($"{"raw limits",-20} memcpy {limits.CopyBytesPerSecond / 1e6:0} MB/s, file write and fsync "
            + $"{limits.WriteBytesPerSecond / 1e6:0} MB/s, "
            + $"loopback TCP stream {limits.StreamBytesPerSecond / 1e6:0} MB/s");
        foreach (SizeResult size in sizes)
        {
            WriteTable(size);
        }

        Line($"\n{CsvHeader}");
        foreach (PhaseResult phase in sizes.SelectMany(size => size.Phases))
        {
            Line(Csv(phase));
        }

        Line($"\nfloors: ingestion >= {SizeResult.IngestBar} x, replay >= {SizeResult.ReplayBar} x of a minimal "
            + $"log server over loopback TCP");
        foreach (SizeResult size in sizes)
        {
            Line(Floors(size));
        }
    }

    private static void WriteTable(SizeResult size)
    {
        Line($"\n{size.Size} B events; minimal log server: append {size.Floor.AppendEventsPerSecond / 1e6:0.000} M events/s, "
            + $"range read {size.Floor.RangeEventsPerSecond / 1e6:0.000} M events/s");
        Line($"  {"phase",-8} {"variant",-26} {"events",9} {"M ev/s",8} {"MB/s",7} | CPU ns/event {"client",7} "
            + $"{"keeper",7} {"grapher",7} {"player",7} "
            + $"| {"raw limit M ev/s",-26} {"ratio",6} | GC c/k/g/p  B/event");
        foreach (PhaseResult phase in size.Phases)
        {
            ProcessorTime cpu = phase.Processor;
            Line($"  {phase.Phase,-8} {phase.Variant,-26} {phase.Events,9} "
                + $"{phase.EventsPerSecond / 1e6,8:0.000} {phase.MegabytesPerSecond,7:0} "
                + $"|              {phase.NanosecondsPerEvent(cpu.Client),7:0} {phase.NanosecondsPerEvent(cpu.Keeper),7:0} "
                + $"{phase.NanosecondsPerEvent(cpu.Grapher),7:0} {phase.NanosecondsPerEvent(cpu.Player),7:0} "
                + $"| {phase.Limit.Name,-17} {phase.Limit.EventsPerSecond / 1e6,8:0.000} {phase.Ratio,6:0.00} | "
                + $"{phase.Collections,-10} {phase.ClientBytesPerEvent,8:0.00}");
        }
    }

    private static string Floors(SizeResult size) =>
        $"{size.Size,5} B: ingestion {size.Ingest.EventsPerSecond / 1e6:0.000} M events/s = "
            + $"{size.Ingest.Ratio:0.00} x of {size.Floor.AppendEventsPerSecond / 1e6:0.000} "
        + $"({Verdict(size.Ingest.Ratio, SizeResult.IngestBar)}); replay ({size.Replay.Variant}, the slower "
        + $"one) {size.Replay.EventsPerSecond / 1e6:0.000} M events/s "
        + $"= {size.Replay.Ratio:0.00} x of {size.Floor.RangeEventsPerSecond / 1e6:0.000} "
        + $"({Verdict(size.Replay.Ratio, SizeResult.ReplayBar)})";

    private static string Verdict(double ratio, double bar) => ratio >= bar ? "ok" : "MISSED";

    private static string Csv(PhaseResult phase)
    {
        ProcessorTime cpu = phase.Processor;
        CollectionCounts collections = phase.Collections;
        return $"csv,{phase.Size},{phase.Phase},\"{phase.Variant}\",{phase.Events},"
            + $"{phase.Elapsed.TotalSeconds:0.000000},{phase.EventsPerSecond:0},"
            + $"{phase.MegabytesPerSecond:0.0},{phase.NanosecondsPerEvent(cpu.Client):0.0},{phase.NanosecondsPerEvent(cpu.Keeper):0.0},"
            + $"{phase.NanosecondsPerEvent(cpu.Grapher):0.0},{phase.NanosecondsPerEvent(cpu.Player):0.0},\"{phase.Limit.Name}\","
            + $"{phase.Limit.EventsPerSecond:0},{phase.Ratio:0.000},{collections.Client},{collections.Keeper},{collections.Grapher},"
            + $"{collections.Player},{phase.ClientBytesPerEvent:0.000}";
    }

    private static void Line(string text) => Console.WriteLine(text);
}
