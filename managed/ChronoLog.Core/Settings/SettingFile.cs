using System.Text.Json;

namespace ChronoLog.Core.Settings;

/// <summary>
/// A settings file as one command reads it. The file may be shared: keys at the top level and whole sections may be for
/// other roles. A key that is nobody's is a slip of the pen whose value would silently not be in force: it is refused.
/// </summary>
/// <param name="path">For messages.</param>
/// <param name="root">Its content.</param>
/// <param name="others">The tables of all roles that may share the file.</param>
public sealed class SettingFile(string path, JsonElement root, IReadOnlyCollection<SettingTable> others)
{
    // The clients' section: no role's table, and in the same file all the same.
    private const string ClientSection = "chrono_client";

    /// <summary>
    /// The texts that the file has for the rows of a table, by JSON key; its section wins over the top level.
    /// </summary>
    /// <exception cref="SettingException">It is no object, or has a key or section that nobody knows.</exception>
    public Dictionary<string, string> Read(SettingTable table)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new SettingException($"settings file {path} must hold one JSON object");
        }

        IEnumerable<SettingTable> tables = others.Append(table);
        HashSet<string> sections = [.. tables.Select(each => each.Section), ClientSection];
        HashSet<string> keys = [.. tables.SelectMany(each => each.Rows).Select(row => row.JsonKey)];
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (sections.Contains(property.Name))
            {
                CheckSection(property);
            }
            else if (!keys.Contains(property.Name))
            {
                throw Unknown(property.Name, keys.Concat(sections), "no setting and no section");
            }
            else
            {
                values[property.Name] = TextOf(property.Value);
            }
        }

        if (root.TryGetProperty(table.Section, out JsonElement own))
        {
            ReadSection(table, own, values);
        }

        return values;
    }

    private void ReadSection(SettingTable table, JsonElement section, Dictionary<string, string> values)
    {
        List<string> keys = [.. table.Rows.Select(row => row.JsonKey)];
        foreach (JsonProperty property in section.EnumerateObject())
        {
            if (!keys.Contains(property.Name))
            {
                throw Unknown(
                    $"{table.Section}.{property.Name}", keys.Select(key => $"{table.Section}.{key}"), "no setting");
            }

            values[property.Name] = TextOf(property.Value);
        }
    }

    private void CheckSection(JsonProperty property)
    {
        if (property.Value.ValueKind != JsonValueKind.Object)
        {
            throw new SettingException(
                $"settings file {path}: \"{property.Name}\" is a section and must be a JSON object, "
                + $"not {property.Value.GetRawText()}");
        }
    }

    private SettingException Unknown(string key, IEnumerable<string> known, string what) =>
        new($"settings file {path}: \"{key}\" is {what}; the nearest that exists is \"{NearestName.Of(key, known)}\"");

    private static string TextOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
