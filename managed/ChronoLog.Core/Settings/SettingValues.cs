namespace ChronoLog.Core.Settings;

/// <summary>The values in force, each accepted by its row.</summary>
public sealed class SettingValues
{
    private readonly SettingTable table;
    private readonly Dictionary<string, (string Text, SettingSource Source)> texts;

    internal SettingValues(SettingTable table, Dictionary<string, (string Text, SettingSource Source)> texts)
    {
        this.table = table;
        this.texts = texts;
    }

    /// <summary>Every row with its value as text and where it came from, in the table's order.</summary>
    public IEnumerable<(Setting Row, string Text, SettingSource Source)> All =>
        table.Rows.Select(row => (row, texts[row.Name].Text, texts[row.Name].Source));

    /// <summary>The value of a row of the table.</summary>
    public T Get<T>(Setting<T> row) => row.Read(texts[row.Name].Text);

    /// <summary>Whether somebody set it.</summary>
    public bool IsSet(Setting row) => texts[row.Name].Source != SettingSource.Default;
}
