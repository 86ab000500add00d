using ChronoLog.Core.Time;

namespace ChronoLog.App.Import;

/// <summary>A date and a time of day as a log line has them, on their way to a tick.</summary>
/// <param name="zone">Of times without an offset of their own.</param>
internal struct CivilTime(TimeZoneInfo zone)
{
    public int? Year { get; set; }

    public int Month { get; set; } = 1;

    public int Day { get; set; } = 1;

    /// <summary>Of the year, from 1; then month and day follow from it.</summary>
    public int? DayOfYear { get; set; }

    public int Hour { get; set; }

    public int Minute { get; set; }

    /// <summary>60 in a leap second: the same moment as the next second.</summary>
    public int Second { get; set; }

    /// <summary>Of the second.</summary>
    public int Nanosecond { get; set; }

    /// <summary>12-hour clock: null = it is a 24-hour one.</summary>
    public bool? IsAfternoon { get; set; }

    /// <summary>East of Greenwich; null = the line has none.</summary>
    public TimeSpan? Offset { get; set; }

    /// <summary>False where there is no such day or time of day, or it lies outside of what a tick can say.</summary>
    public readonly bool TryTick(out ulong tick)
    {
        tick = 0;
        if (Year is not { } year || year is < 1970 or > 2500 || !TryDate(year, out DateTime date)
            || Hour > 23 || Minute > 59 || Second > 60 || (IsAfternoon is not null && Hour is < 1 or > 12))
        {
            return false;
        }

        int hour = IsAfternoon is { } afternoon ? (Hour % 12) + (afternoon ? 12 : 0) : Hour;
        DateTime local = date.AddHours(hour).AddMinutes(Minute).AddSeconds(Second);
        TimeSpan offset = Offset ?? zone.GetUtcOffset(local);
        long seconds = (local - DateTime.UnixEpoch - offset).Ticks / TimeSpan.TicksPerSecond;
        if (seconds < 0)
        {
            return false;
        }

        tick = ((ulong)seconds * ChronoTick.NanosecondsPerSecond) + (ulong)Nanosecond;
        return true;
    }

    private readonly bool TryDate(int year, out DateTime date)
    {
        date = default;
        if (DayOfYear is { } number)
        {
            date = new DateTime(year, 1, 1);
            bool isInYear = number >= 1 && number <= (DateTime.IsLeapYear(year) ? 366 : 365);
            date = isInYear ? date.AddDays(number - 1) : date;
            return isInYear;
        }

        if (Month is < 1 or > 12 || Day < 1 || Day > DateTime.DaysInMonth(year, Month))
        {
            return false;
        }

        date = new DateTime(year, Month, Day);
        return true;
    }
}
