namespace ChronoLog.App.Torture;

/// <summary>Which numbers of a series appeared. A bit each: the series begin at 0 and are nearly without holes.</summary>
internal sealed class NumberSet
{
    /// <summary>A damaged number must not take memory: far more events than a run has.</summary>
    private const long NumbersMax = 1L << 30;

    private readonly List<ulong> words = [];

    public long Count { get; private set; }

    /// <summary>Numbers that came again.</summary>
    public long Repeated { get; private set; }

    /// <summary>One more than the greatest.</summary>
    public long End { get; private set; }

    public void Add(long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(number, NumbersMax);
        int word = (int)(number / 64);
        while (words.Count <= word)
        {
            words.Add(0);
        }

        ulong bit = 1UL << (int)(number % 64);
        if ((words[word] & bit) != 0)
        {
            Repeated++;
            return;
        }

        words[word] |= bit;
        Count++;
        End = Math.Max(End, number + 1);
    }

    public bool Contains(long number) =>
        number >= 0 && number / 64 < words.Count && (words[(int)(number / 64)] & (1UL << (int)(number % 64))) != 0;

    /// <summary>Numbers below the end that did not appear, except the given ones; and the first of them.</summary>
    public (long Count, long First) Missing(long end, IReadOnlySet<long> except)
    {
        long count = 0;
        long first = -1;
        for (long number = 0; number < end; number++)
        {
            if (!Contains(number) && !except.Contains(number))
            {
                first = count++ == 0 ? number : first;
            }
        }

        return (count, first);
    }
}
