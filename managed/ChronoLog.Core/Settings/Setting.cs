using System.Text.Json;

namespace ChronoLog.Core.Settings;

/// <summary>
/// One row: the command line option, the environment variable, the JSON key, <c>config show</c> and the reference
/// page are all made from it.
/// </summary>
/// <param name="name">As on the command line, without the dashes: "chunk-duration".</param>
/// <param name="kind">Type and range, for people: "duration, 1ms .. 1h".</param>
/// <param name="fallback">The default, as it would be written.</param>
/// <param name="help">One sentence.</param>
public abstract class Setting(string name, string kind, string fallback, string help)
{
    public string Name { get; } = name;

    public string Kind { get; } = kind;

    public string Default { get; } = fallback;

    public string Help { get; } = help;

    /// <summary>"chunk_duration".</summary>
    public string JsonKey => Name.Replace('-', '_');

    /// <summary>"CHRONOLOG_CHUNK_DURATION".</summary>
    public string EnvironmentVariable => "CHRONOLOG_" + JsonKey.ToUpperInvariant();

    /// <summary>Whether the text is a value within the range.</summary>
    public abstract bool Accepts(string text);

    /// <summary>
    /// Writes an accepted text as a JSON value: numbers and bytes as a number, flags as true or false, an object as an
    /// object, and the rest, durations with their unit too, as text. A settings file may hold what this writes.
    /// </summary>
    public abstract void WriteJson(Utf8JsonWriter writer, string property, string text);
}

/// <summary>A row with the type of its value.</summary>
/// <param name="name">See <see cref="Setting"/>.</param>
/// <param name="kind">See <see cref="Setting"/>.</param>
/// <param name="fallback">See <see cref="Setting"/>.</param>
/// <param name="help">See <see cref="Setting"/>.</param>
/// <param name="reader">Reads a text: false when it is no value or out of range.</param>
public sealed class Setting<T>(string name, string kind, string fallback, string help, SettingReader<T> reader)
    : Setting(name, kind, fallback, help)
{
    public override bool Accepts(string text) => reader(text, out _);

    public override void WriteJson(Utf8JsonWriter writer, string property, string text)
    {
        writer.WritePropertyName(property);
        switch (Read(text))
        {
            case long number:
                writer.WriteNumberValue(number);
                break;
            case int number:
                writer.WriteNumberValue(number);
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case string when Kind == SettingKinds.JsonKind:
                writer.WriteRawValue(text);
                break;
            default:
                writer.WriteStringValue(text);
                break;
        }
    }

    /// <summary>The value of a text that was accepted.</summary>
    internal T Read(string text) => reader(text, out T value)
        ? value
        : throw new SettingException($"setting '{Name}' = '{text}': expected {Kind}");
}

/// <summary>Reads a value from text.</summary>
public delegate bool SettingReader<T>(string text, out T value);
