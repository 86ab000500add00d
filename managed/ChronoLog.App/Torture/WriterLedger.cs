using System.Globalization;

namespace ChronoLog.App.Torture;

/// <summary>What one incarnation of a writer said. Its lines come from a reading task, its answers are asked for after that.</summary>
/// <param name="writer">Number of the writer.</param>
/// <param name="incarnation">Of this writer, from 0.</param>
internal sealed class WriterLedger(int writer, int incarnation)
{
    private readonly HashSet<long> failed = [];
    private readonly HashSet<long> unknown = [];

    public int Writer => writer;

    public int Incarnation => incarnation;

    /// <summary>Events below it have reached the level, except those that failed or are unknown.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Events below it were recorded; null when the writer was killed and could not say.</summary>
    public long? Recorded { get; private set; }

    public IReadOnlySet<long> Failed => failed;

    /// <summary>May be there, or not; once at most.</summary>
    public IReadOnlySet<long> Unknown => unknown;

    /// <summary>The longest LogEvent.</summary>
    public TimeSpan Slowest { get; private set; }

    public void Take(string line)
    {
        string[] words = line.Split(' ');
        if (words.Length < 2 || !long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            return; // a line cut short by a kill
        }

        switch (words[0])
        {
            case "A" when words.Length == 3
                && long.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds):
                Acknowledged = number;
                TimeSpan slowest = TimeSpan.FromMicroseconds(microseconds);
                Slowest = slowest > Slowest ? slowest : Slowest;
                break;
            case "F":
                failed.Add(number);
                break;
            case "U":
                unknown.Add(number);
                break;
            case "R":
                Recorded = number;
                break;
        }
    }
}
