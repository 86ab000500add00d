using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using ChronoLog.Core.Model;
using ChronoLog.Core.Time;

namespace ChronoLog.App.Commands;

/// <summary>Events as text, JSON, CSV or raw bytes, written to a buffer.</summary>
internal sealed class EventFormat(string format, IBufferWriter<byte> output)
{
    public const string Names = "text, json, csv, raw";

    private readonly Utf8JsonWriter json = new(output, new JsonWriterOptions { SkipValidation = true });

    public static bool IsKnown(string name) => name is "text" or "json" or "csv" or "raw";

    public void WriteHeader()
    {
        if (format == "csv")
        {
            Write("time,client,index,record\n");
        }
    }

    /// <summary>Writes one event.</summary>
    /// <param name="entry">The event.</param>
    /// <param name="isLate">It came late, behind events that follow it: said in text (an asterisk) and JSON.</param>
    public void Write(in EventEntry entry, bool isLate = false)
    {
        switch (format)
        {
            case "json":
                WriteJson(entry, isLate);
                break;
            case "csv":
                WriteCsv(entry);
                break;
            case "raw":
                output.Write(entry.LogRecord);
                output.Write("\n"u8);
                break;
            default:
                Write(ChronoTick.Format(entry.EventTime));
                output.Write("  "u8);
                WriteNumber(entry.ClientId);
                output.Write(":"u8);
                WriteNumber(entry.EventIndex);
                output.Write(isLate ? "* "u8 : "  "u8);
                output.Write(entry.LogRecord);
                output.Write("\n"u8);
                break;
        }
    }

    private void WriteJson(in EventEntry entry, bool isLate)
    {
        json.Reset();
        json.WriteStartObject();
        json.WriteNumber("time", entry.EventTime);
        json.WriteNumber("client", entry.ClientId);
        json.WriteNumber("index", entry.EventIndex);
        if (Utf8.IsValid(entry.LogRecord))
        {
            json.WriteString("record", entry.LogRecord);
        }
        else
        {
            json.WriteBase64String("record_base64", entry.LogRecord);
        }

        if (isLate)
        {
            json.WriteBoolean("late", true);
        }

        json.WriteEndObject();
        json.Flush();
        output.Write("\n"u8);
    }

    // RFC 4180: quoted when it has to be; bytes that are no UTF-8 as base64 behind a mark.
    private void WriteCsv(in EventEntry entry)
    {
        WriteNumber(entry.EventTime);
        output.Write(","u8);
        WriteNumber(entry.ClientId);
        output.Write(","u8);
        WriteNumber(entry.EventIndex);
        output.Write(","u8);
        if (!Utf8.IsValid(entry.LogRecord))
        {
            Write("base64:" + Convert.ToBase64String(entry.LogRecord));
        }
        else if (entry.LogRecord.IndexOfAny("\",\r\n"u8) < 0)
        {
            output.Write(entry.LogRecord);
        }
        else
        {
            Write("\"" + Encoding.UTF8.GetString(entry.LogRecord).Replace("\"", "\"\"", StringComparison.Ordinal) + "\"");
        }

        output.Write("\n"u8);
    }

    private void WriteNumber(ulong value)
    {
        Span<byte> target = output.GetSpan(20);
        Utf8Formatter.TryFormat(value, target, out int written);
        output.Advance(written);
    }

    private void Write(string text) => Encoding.UTF8.GetBytes(text, output);
}
