namespace ChronoLog.Core.Settings;

/// <summary>What somebody may have meant who wrote a name that does not exist.</summary>
public static class NearestName
{
    /// <summary>The name with the fewest single-character changes (Levenshtein's distance); of equals the first.
    /// </summary>
    public static string Of(string written, IEnumerable<string> known) =>
        known.MinBy(name => Distance(written, name)) ?? "";

    // Row by row over the table of prefixes: distances[j] is that of i characters of one to j characters of the other.
    private static int Distance(string one, string other)
    {
        int[] distances = [.. Enumerable.Range(0, other.Length + 1)];
        for (int i = 1; i <= one.Length; i++)
        {
            int diagonal = distances[0];
            distances[0] = i;
            for (int j = 1; j <= other.Length; j++)
            {
                int substituted = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
                diagonal = distances[j];
                distances[j] = Math.Min(substituted, 1 + Math.Min(distances[j], distances[j - 1]));
            }
        }

        return distances[^1];
    }
}
