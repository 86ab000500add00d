using System.Text.Json;

namespace ChronoLog.App.Commands;

/// <summary>One JSON object on a line of standard output.</summary>
internal static class JsonOutput
{
    public static void WriteLine(Action<Utf8JsonWriter> fields)
    {
        using Stream output = Console.OpenStandardOutput();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            fields(writer);
            writer.WriteEndObject();
        }

        output.Write("\n"u8);
    }
}
