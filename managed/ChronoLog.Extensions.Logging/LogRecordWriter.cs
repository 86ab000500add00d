using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Extensions.Logging;

/// <summary>
/// Writes one log record as a JSON object of a bounded size into the thread's own buffer. What does not fit any more is
/// cut or left out, and the object says "truncated": true.
/// </summary>
internal sealed class LogRecordWriter : IDisposable
{
    // Closing brackets, commas and the mark of the cut; and what a number or a name of ours takes.
    private const int Reserve = 96;
    private const int ScalarBytes = 64;
    private const int FormattedBytesMax = 256;

    [ThreadStatic]
    private static LogRecordWriter? ofThread;

    private readonly ArrayBufferWriter<byte> buffer = new(1024);
    private readonly Utf8JsonWriter json;
    private int bytesMax;
    private bool isCut;

    private LogRecordWriter() => json = new Utf8JsonWriter(
        buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    /// <summary>The thread's writer, or another one while that is in use. Disposing gives it back.</summary>
    public static LogRecordWriter Take(int bytesMax)
    {
        LogRecordWriter writer = ofThread ?? new LogRecordWriter();
        ofThread = null;
        writer.bytesMax = bytesMax;
        return writer;
    }

    public void Dispose() => ofThread = this;

    /// <summary>The record's bytes, valid until the writer is used again or disposed.</summary>
    public ReadOnlySpan<byte> Write<TState>(
        string category, LogLevel level, EventId id, TState state, string message, Exception? exception,
        IExternalScopeProvider? scopes)
    {
        Begin(level, category);
        if (id.Id != 0)
        {
            json.WriteNumber("eventId"u8, id.Id);
        }

        if (id.Name is { } name)
        {
            Text("event", name);
        }

        Text("message", message);
        if (exception is not null)
        {
            Text("exception", TextOf(exception)); // whose own ToString may throw
        }

        if (state is IReadOnlyList<KeyValuePair<string, object?>> { Count: > 0 } values)
        {
            Values("state", values);
        }

        if (scopes is not null)
        {
            Scopes(scopes);
        }

        return End();
    }

    /// <summary>The record that tells of those that are missing.</summary>
    public ReadOnlySpan<byte> WriteDropped(long count)
    {
        Begin(LogLevel.Warning, "ChronoLog.Extensions.Logging");
        json.WriteString("message"u8, "log records before this one were dropped: the deployment could not take them");
        json.WriteNumber("dropped"u8, count);
        return End();
    }

    private int Rest => bytesMax - Reserve - (int)json.BytesCommitted - json.BytesPending;

    private void Begin(LogLevel level, string category)
    {
        buffer.ResetWrittenCount();
        json.Reset(buffer);
        isCut = false;
        json.WriteStartObject();
        json.WriteString("level"u8, NameOf(level));
        Text("category", category);
    }

    private ReadOnlySpan<byte> End()
    {
        if (isCut)
        {
            json.WriteBoolean("truncated"u8, true);
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan;
    }

    private void Values(string name, IReadOnlyList<KeyValuePair<string, object?>> values)
    {
        if (Rest < ScalarBytes)
        {
            isCut = true;
            return;
        }

        json.WritePropertyName(name);
        Object(values);
    }

    private void Object(IReadOnlyList<KeyValuePair<string, object?>> values)
    {
        json.WriteStartObject();
        for (int i = 0; i < values.Count; i++)
        {
            (string key, object? value) = values[i];
            Value(key == "{OriginalFormat}" ? "template" : key, value);
        }

        json.WriteEndObject();
    }

    private void Scopes(IExternalScopeProvider scopes)
    {
        if (Rest < ScalarBytes)
        {
            isCut = true;
            return;
        }

        json.WriteStartArray("scopes"u8);
        scopes.ForEachScope(static (scope, writer) => writer.Scope(scope), this);
        json.WriteEndArray();
    }

    private void Scope(object? scope)
    {
        if (Rest < ScalarBytes)
        {
            isCut = true;
        }
        else if (scope is IReadOnlyList<KeyValuePair<string, object?>> values)
        {
            Object(values);
        }
        else if (scope is IEnumerable<KeyValuePair<string, object?>> pairs)
        {
            json.WriteStartObject();
            foreach ((string key, object? value) in pairs)
            {
                Value(key, value);
            }

            json.WriteEndObject();
        }
        else
        {
            json.WriteStringValue(Fitting(TextOf(scope)));
        }
    }

    private void Value(string key, object? value)
    {
        if (CostOf(key) + ScalarBytes > Rest)
        {
            isCut = true;
            return;
        }

        switch (value)
        {
            case null:
                json.WriteNull(key);
                break;
            case bool flag:
                json.WriteBoolean(key, flag);
                break;
            case int or short or sbyte or byte or ushort or uint or long:
                json.WriteNumber(key, Convert.ToInt64(value, null));
                break;
            case ulong number:
                json.WriteNumber(key, number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumber(key, number);
                break;
            case float number when float.IsFinite(number):
                json.WriteNumber(key, number);
                break;
            case decimal number:
                json.WriteNumber(key, number);
                break;
            case string text:
                json.WriteString(key, Fitting(text, CostOf(key)));
                break;
            case IUtf8SpanFormattable formattable:
                Formatted(key, formattable);
                break;
            default:
                json.WriteString(key, Fitting(TextOf(value), CostOf(key)));
                break;
        }
    }

    // Times, durations, identifiers: without a string in between.
    private void Formatted(string key, IUtf8SpanFormattable value)
    {
        Span<byte> bytes = stackalloc byte[FormattedBytesMax];
        if (value.TryFormat(bytes, out int written, default, null) && CostOf(key) + (6 * written) < Rest)
        {
            json.WriteString(key, bytes[..written]);
        }
        else
        {
            json.WriteString(key, Fitting(TextOf(value), CostOf(key)));
        }
    }

    private void Text(string name, string value)
    {
        if (name.Length + ScalarBytes > Rest)
        {
            isCut = true;
            return;
        }

        json.WriteString(name, Fitting(value, name.Length));
    }

    /// <summary>As much of the text as surely fits.</summary>
    private ReadOnlySpan<char> Fitting(string text, int before = 0)
    {
        int rest = Rest - before - 8;
        if (text.Length <= rest / 6)
        {
            return text; // also if every letter were escaped
        }

        int length = 0;
        foreach (char letter in text)
        {
            rest -= CostOf(letter);
            if (rest < 0)
            {
                isCut = true;
                return text.AsSpan(0, length > 0 && char.IsHighSurrogate(text[length - 1]) ? length - 1 : length);
            }

            length++;
        }

        return text;
    }

    private static int CostOf(string text)
    {
        int cost = 8; // quotes, colon, comma
        foreach (char letter in text)
        {
            cost += CostOf(letter);
        }

        return cost;
    }

    // Bytes of a letter at the most: "\u001f" for a control letter, and for some of the rest.
    private static int CostOf(char letter) => letter is '"' or '\\' ? 2 : letter is >= ' ' and < '\x7f' ? 1 : 6;

    // An application's own ToString may throw; the log must not.
    private static string TextOf(object? value)
    {
        try
        {
            return value?.ToString() ?? "";
        }
        catch (Exception exception)
        {
            return $"({value!.GetType().Name}.ToString failed: {exception.GetType().Name})";
        }
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => nameof(LogLevel.Trace),
        LogLevel.Debug => nameof(LogLevel.Debug),
        LogLevel.Information => nameof(LogLevel.Information),
        LogLevel.Warning => nameof(LogLevel.Warning),
        LogLevel.Error => nameof(LogLevel.Error),
        LogLevel.Critical => nameof(LogLevel.Critical),
        _ => nameof(LogLevel.None),
    };
}
