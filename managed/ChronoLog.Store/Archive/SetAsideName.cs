using System.Globalization;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Name of a damaged StoryFile that was set aside: <c>.damaged-GENERATION-</c> and its former name. Files of its range
/// from that generation on were written after it was set aside, so generations are never used again.
/// </summary>
/// <param name="Name">Its former name.</param>
/// <param name="YoungerFrom">The least generation of its range that is younger.</param>
public readonly record struct SetAsideName(StoryFileName Name, uint YoungerFrom)
{
    private const string Prefix = ".damaged-";
    private const string RebuiltPrefix = ".rebuilt-";

    /// <summary>The name when all of its events are in other files again: no reader looks at it any more.</summary>
    public string Rebuilt => string.Create(CultureInfo.InvariantCulture, $"{RebuiltPrefix}{YoungerFrom}-{Name}");

    /// <summary>Reads exactly what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string text, out SetAsideName name)
    {
        name = default;
        int dash = text.IndexOf('-', Math.Min(Prefix.Length, text.Length));
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || dash < 0
            || !uint.TryParse(
                text.AsSpan(Prefix.Length, dash - Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture,
                out uint generation)
            || !StoryFileName.TryParse(text[(dash + 1)..], out StoryFileName former))
        {
            return false;
        }

        name = new SetAsideName(former, generation);
        return name.ToString() == text;
    }

    /// <summary>Whether a name is one of <see cref="Rebuilt"/>.</summary>
    public static bool IsRebuilt(string text) =>
        text.StartsWith(RebuiltPrefix, StringComparison.Ordinal)
        && TryParse(string.Concat(Prefix, text.AsSpan(RebuiltPrefix.Length)), out _);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{YoungerFrom}-{Name}");
}
