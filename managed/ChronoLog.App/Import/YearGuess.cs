using ChronoLog.Core.Time;

namespace ChronoLog.App.Import;

/// <summary>The year of a time that does not say it: the latest one in which it is not after the log was written.</summary>
/// <param name="year">Given by the user; null = to be guessed.</param>
/// <param name="written">ChronoTick: when the file was changed last.</param>
internal sealed class YearGuess(int? year, ulong written)
{
    // Clocks and zones: a line of tomorrow is of this year all the same.
    private const ulong Slack = 86_400 * ChronoTick.NanosecondsPerSecond;

    // The 29th of February is there every fourth year, or once every eighth.
    private const int Back = 8;

    public bool TryTick(CivilTime time, out ulong tick)
    {
        tick = 0;
        if (year is not null)
        {
            time.Year = year;
            return time.TryTick(out tick);
        }

        int latest = DateTime.UnixEpoch.AddSeconds(written / ChronoTick.NanosecondsPerSecond).AddDays(1).Year;
        for (int candidate = latest; candidate >= latest - Back; candidate--)
        {
            time.Year = candidate;
            if (time.TryTick(out tick) && tick <= ChronoTick.AddSaturating(written, Slack))
            {
                return true;
            }
        }

        return false;
    }
}
