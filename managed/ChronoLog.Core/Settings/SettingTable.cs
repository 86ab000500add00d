namespace ChronoLog.Core.Settings;

/// <summary>The rows that one command understands.</summary>
/// <param name="section">The command's own section in a settings file, for example "chrono_keeper".</param>
/// <param name="rows">Names are unique.</param>
public sealed class SettingTable(string section, IReadOnlyList<Setting> rows)
{
    public string Section { get; } = section;

    public IReadOnlyList<Setting> Rows { get; } = rows;

    /// <summary>Collects the values: command line over environment over file over default.</summary>
    /// <param name="commandLine">By setting name.</param>
    /// <param name="environment">By variable name; null when unset.</param>
    /// <param name="file">The settings file, or null.</param>
    /// <exception cref="SettingException">A value is refused, or the file has a key that nobody knows.</exception>
    public SettingValues Load(
        IReadOnlyDictionary<string, string> commandLine, Func<string, string?> environment, SettingFile? file)
    {
        var texts = new Dictionary<string, (string Text, SettingSource Source)>(StringComparer.Ordinal);
        Dictionary<string, string> fromFile = file?.Read(this) ?? [];
        foreach (Setting row in Rows)
        {
            texts[row.Name] = Choose(row, commandLine, environment, fromFile);
            if (!row.Accepts(texts[row.Name].Text))
            {
                throw new SettingException(
                    $"setting '{row.Name}' = '{texts[row.Name].Text}' ({Describe(row, texts[row.Name].Source)}): "
                    + $"expected {row.Kind}");
            }
        }

        return new SettingValues(this, texts);
    }

    private static (string Text, SettingSource Source) Choose(
        Setting row,
        IReadOnlyDictionary<string, string> commandLine,
        Func<string, string?> environment,
        Dictionary<string, string> file)
    {
        if (commandLine.TryGetValue(row.Name, out string? text))
        {
            return (text, SettingSource.CommandLine);
        }

        if (environment(row.EnvironmentVariable) is { } variable)
        {
            return (variable, SettingSource.Environment);
        }

        return file.TryGetValue(row.JsonKey, out text)
            ? (text, SettingSource.File)
            : (row.Default, SettingSource.Default);
    }

    private static string Describe(Setting row, SettingSource source) => source switch
    {
        SettingSource.CommandLine => $"command line, --{row.Name}",
        SettingSource.Environment => $"environment, {row.EnvironmentVariable}",
        SettingSource.File => $"settings file, \"{row.JsonKey}\"",
        _ => "default",
    };
}
