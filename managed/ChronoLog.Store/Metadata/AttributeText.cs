using System.Buffers;
using System.Text;
using System.Text.Json;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Store.Metadata;

/// <summary>Attributes and lists as JSON text, written and read without reflection.</summary>
internal static class AttributeText
{
    public static string Write(IReadOnlyDictionary<string, string> attributes) => Write(writer =>
    {
        writer.WriteStartObject();
        foreach ((string key, string value) in attributes.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            writer.WriteString(key, value);
        }

        writer.WriteEndObject();
    });

    public static string Write(IReadOnlyList<uint> numbers) => Write(writer =>
    {
        writer.WriteStartArray();
        foreach (uint number in numbers)
        {
            writer.WriteNumberValue(number);
        }

        writer.WriteEndArray();
    });

    public static IReadOnlyDictionary<string, string> ReadAttributes(string text, string where) =>
        Read(text, where, root =>
        root.EnumerateObject().ToDictionary(property => property.Name, property => property.Value.GetString() ?? ""));

    public static IReadOnlyList<uint> ReadNumbers(string text, string where) => Read(text, where, root =>
        root.EnumerateArray().Select(element => element.GetUInt32()).ToArray());

    private static string Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static T Read<T>(string text, string where, Func<JsonElement, T> read)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException
            or ArgumentException)
        {
            throw new ChronoLogException(
                Status.Corrupt, $"metadata of {where} cannot be read: {exception.Message}", exception);
        }
    }
}
