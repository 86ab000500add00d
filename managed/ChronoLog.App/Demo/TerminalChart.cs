using System.Text;

namespace ChronoLog.App.Demo;

/// <summary>A small chart of a series in eighth blocks.</summary>
internal static class TerminalChart
{
    private const string Blocks = " ▁▂▃▄▅▆▇█";
    private const int EighthsPerRow = 8;

    /// <summary>Draws the means of equal slices of the series.</summary>
    /// <param name="values">In order of time; may be empty.</param>
    /// <param name="most">Value at the top.</param>
    /// <param name="columns">Width.</param>
    /// <param name="rows">Height.</param>
    public static IEnumerable<string> Draw(IReadOnlyList<double> values, double most, int columns, int rows)
    {
        double[] slices = [.. Enumerable.Range(0, columns).Select(column => Mean(values, column, columns))];
        for (int row = rows - 1; row >= 0; row--)
        {
            var line = new StringBuilder();
            foreach (double value in slices)
            {
                double eighths = (Math.Clamp(value / most, 0, 1) * rows * EighthsPerRow) - (row * EighthsPerRow);
                line.Append(Blocks[(int)Math.Clamp(Math.Round(eighths), 0, EighthsPerRow)]);
            }

            yield return line.ToString();
        }
    }

    private static double Mean(IReadOnlyList<double> values, int column, int columns)
    {
        int from = (int)((long)values.Count * column / columns);
        int to = (int)((long)values.Count * (column + 1) / columns);
        return to > from ? Enumerable.Range(from, to - from).Average(index => values[index]) : 0;
    }
}
