using System.Text.Json;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Extraction;

/// <summary>The JSON object of one extractor in the chain, with readers that name what is wrong and where.</summary>
/// <param name="Name">Its name in the chain.</param>
/// <param name="Type">Its type.</param>
/// <param name="Json">The whole object, "type" included.</param>
public sealed record ExtractorSettings(string Name, string Type, JsonElement Json)
{
    /// <summary>A field that must be there and be a text that is not empty.</summary>
    public string RequiredText(string field) =>
        Text(field) ?? throw Error($"lacks the field \"{field}\" (a text, not empty)");

    /// <summary>A text, or null when the field is missing.</summary>
    public string? Text(string field)
    {
        if (!Json.TryGetProperty(field, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : throw Error($"has \"{field}\": {value.GetRawText()}, and a text that is not empty is needed");
    }

    /// <summary>A whole number within bounds, or the default when the field is missing.</summary>
    public long Number(string field, long least, long most, long standard)
    {
        if (!Json.TryGetProperty(field, out JsonElement value))
        {
            return standard;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number)
            && number >= least && number <= most
            ? number
            : throw Error(
                $"has \"{field}\": {value.GetRawText()}, and a whole number from {least} to {most} is needed");
    }

    /// <summary>Refuses misspelt fields: every field must be "type" or one of those given.</summary>
    public void AllowOnly(params ReadOnlySpan<string> fields)
    {
        foreach (JsonProperty property in Json.EnumerateObject())
        {
            if (property.Name != "type" && !fields.Contains(property.Name))
            {
                throw Error(
                    $"has the unknown field \"{property.Name}\"; known: {string.Join(", ", ["type", .. fields])}");
            }
        }
    }

    /// <summary>A configuration error that names this extractor.</summary>
    public ChronoLogException Error(string what) =>
        new(Status.InvalidArgument, $"extractor \"{Name}\" of type \"{Type}\" {what}");
}
