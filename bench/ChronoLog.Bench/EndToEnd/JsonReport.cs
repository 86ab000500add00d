using System.Text;
using System.Text.Json;

namespace ChronoLog.Bench.EndToEnd;

/// <summary>The report as one JSON object.</summary>
internal static class JsonReport
{
    public static void Write(
        IReadOnlyList<(string Name, string Value)> machine, RawLimits limits, IReadOnlyList<SizeResult> sizes)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("machine");
            foreach ((string name, string value) in machine)
            {
                writer.WriteString(name.Replace(' ', '_'), value);
            }

            writer.WriteEndObject();
            writer.WriteStartObject("raw_limits_bytes_per_second");
            writer.WriteNumber("memcpy", limits.CopyBytesPerSecond);
            writer.WriteNumber("write_fsync", limits.WriteBytesPerSecond);
            writer.WriteNumber("tcp_stream", limits.StreamBytesPerSecond);
            writer.WriteEndObject();
            writer.WriteStartArray("sizes");
            foreach (SizeResult size in sizes)
            {
                Write(writer, size);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        Console.WriteLine(Encoding.UTF8.GetString(stream.ToArray()));
    }

    private static void Write(Utf8JsonWriter writer, SizeResult size)
    {
        writer.WriteStartObject();
        writer.WriteNumber("size", size.Size);
        writer.WriteNumber("floor_append_events_per_second", size.Floor.AppendEventsPerSecond);
        writer.WriteNumber("floor_range_events_per_second", size.Floor.RangeEventsPerSecond);
        writer.WriteNumber("ingest_ratio", size.Ingest.Ratio);
        writer.WriteNumber("replay_ratio", size.Replay.Ratio);
        writer.WriteBoolean("meets_bars", size.MeetsBars);
        writer.WriteStartArray("phases");
        foreach (PhaseResult phase in size.Phases)
        {
            Write(writer, phase);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, PhaseResult phase)
    {
        writer.WriteStartObject();
        writer.WriteString("phase", phase.Phase);
        writer.WriteString("variant", phase.Variant);
        writer.WriteNumber("events", phase.Events);
        writer.WriteNumber("seconds", phase.Elapsed.TotalSeconds);
        writer.WriteNumber("events_per_second", phase.EventsPerSecond);
        writer.WriteNumber("mb_per_second", phase.MegabytesPerSecond);
        Write(writer, "cpu_ns_per_event", phase.Processor, phase);
        writer.WriteString("limit", phase.Limit.Name);
        writer.WriteNumber("limit_events_per_second", phase.Limit.EventsPerSecond);
        writer.WriteNumber("ratio", phase.Ratio);
        writer.WriteStartObject("gc_collections");
        writer.WriteNumber("client", phase.Collections.Client);
        writer.WriteNumber("keeper", phase.Collections.Keeper);
        writer.WriteNumber("grapher", phase.Collections.Grapher);
        writer.WriteNumber("player", phase.Collections.Player);
        writer.WriteEndObject();
        writer.WriteNumber("client_bytes_per_event", phase.ClientBytesPerEvent);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, string name, ProcessorTime time, PhaseResult phase)
    {
        writer.WriteStartObject(name);
        writer.WriteNumber("client", phase.NanosecondsPerEvent(time.Client));
        writer.WriteNumber("keeper", phase.NanosecondsPerEvent(time.Keeper));
        writer.WriteNumber("grapher", phase.NanosecondsPerEvent(time.Grapher));
        writer.WriteNumber("player", phase.NanosecondsPerEvent(time.Player));
        writer.WriteEndObject();
    }
}
