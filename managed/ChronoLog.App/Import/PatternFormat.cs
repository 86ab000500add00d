using ChronoLog.Core.Settings;

namespace ChronoLog.App.Import;

/// <summary>
/// A pattern as strptime has them: %Y %y %m %d %e %b %B %a %A %j %H %k %I %l %M %S %p %z %s %n %t %T %F %D %R %%, and %f,
/// an optional fraction of the second with its point or comma. A blank stands for any number of blanks, none included; %t
/// in %F%t%T for a T, a t, or blanks. %z takes Z, +01, +0100, +01:00, with blanks before it, or nothing.
/// </summary>
internal sealed class PatternFormat : TimeFormat
{
    private static readonly string[] Months =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

    private readonly string pattern;
    private readonly TimeZoneInfo zone;
    private readonly YearGuess years;
    private readonly bool isCount;

    public PatternFormat(string pattern, TimeZoneInfo zone, YearGuess years, string opening = "")
    {
        this.zone = zone;
        this.years = years;
        this.pattern = pattern
            .Replace("%T", "%H:%M:%S", StringComparison.Ordinal).Replace("%F", "%Y-%m-%d", StringComparison.Ordinal)
            .Replace("%D", "%m/%d/%y", StringComparison.Ordinal).Replace("%R", "%H:%M", StringComparison.Ordinal);
        Opening = opening;
        isCount = this.pattern.Contains("%s", StringComparison.Ordinal);
        for (int at = 0; (at = this.pattern.IndexOf('%', at)) >= 0; at += 2)
        {
            if (at + 1 == this.pattern.Length || !"YymdejbBhaAHkIlMSpfzsnt%".Contains(this.pattern[at + 1], StringComparison.Ordinal))
            {
                throw new SettingException(
                    $"--time-format '{pattern}': no such field as '{this.pattern[at..Math.Min(at + 2, this.pattern.Length)]}'");
            }
        }
    }

    public override string Opening { get; }

    public override bool TryRead(ReadOnlySpan<char> text, out ulong tick)
    {
        tick = 0;
        var time = new CivilTime(zone);
        ulong? count = null;
        for (int i = 0; i < pattern.Length; i++)
        {
            char expected = pattern[i];
            if (expected == ' ')
            {
                text = text.TrimStart(' ');
            }
            else if (expected != '%')
            {
                if (text.IsEmpty || text[0] != expected)
                {
                    return false;
                }

                text = text[1..];
            }
            else if (!TryField(pattern[++i], ref text, ref time, ref count))
            {
                return false;
            }
        }

        if (isCount)
        {
            tick = (count!.Value * 1_000_000_000) + (ulong)time.Nanosecond;
            return true;
        }

        return time.Year is null ? years.TryTick(time, out tick) : time.TryTick(out tick);
    }

    private static bool TryField(char field, ref ReadOnlySpan<char> text, ref CivilTime time, ref ulong? count)
    {
        switch (field)
        {
            case 'Y' or 'y':
                int digits = field == 'Y' ? 4 : 2;
                bool isYear = TryNumber(ref text, digits, digits, out int year);
                time.Year = field == 'Y' ? year : year + (year < 70 ? 2000 : 1900);
                return isYear;
            case 'm':
                bool isMonth = TryNumber(ref text, 1, 2, out int month);
                time.Month = month;
                return isMonth;
            case 'd' or 'e':
                text = text.TrimStart(' ');
                bool isDay = TryNumber(ref text, 1, 2, out int day);
                time.Day = day;
                return isDay;
            case 'j':
                bool isDayOfYear = TryNumber(ref text, 1, 3, out int number);
                time.DayOfYear = number;
                return isDayOfYear;
            case 'b' or 'B' or 'h':
                return TryMonth(ref text, ref time);
            case 'a' or 'A':
                return TryWord(ref text, out _);
            default:
                return TryTime(field, ref text, ref time, ref count);
        }
    }

    private static bool TryTime(char field, ref ReadOnlySpan<char> text, ref CivilTime time, ref ulong? count)
    {
        bool isThere;
        int number;
        switch (field)
        {
            case 'H' or 'k' or 'I' or 'l':
                text = text.TrimStart(' ');
                isThere = TryNumber(ref text, 1, 2, out number);
                time.Hour = number;
                time.IsAfternoon ??= field is 'I' or 'l' ? false : null;
                return isThere;
            case 'M':
                isThere = TryNumber(ref text, 2, 2, out number);
                time.Minute = number;
                return isThere;
            case 'S':
                isThere = TryNumber(ref text, 2, 2, out number);
                time.Second = number;
                return isThere;
            case 'f':
                time.Nanosecond = Fraction(ref text);
                return true;
            case 'p':
                isThere = TryWord(ref text, out ReadOnlySpan<char> half)
                    && (half.Equals("am", StringComparison.OrdinalIgnoreCase)
                        || half.Equals("pm", StringComparison.OrdinalIgnoreCase));
                time.IsAfternoon = isThere && half[0] is 'p' or 'P';
                return isThere;
            case 'z':
                time.Offset = Offset(ref text, out isThere);
                return isThere;
            case 's':
                int digits = Math.Min(Digits(text), 10);
                count = ulong.TryParse(text[..digits], out ulong seconds) ? seconds : null;
                text = text[digits..];
                return count is not null;
            case '%':
                isThere = text.StartsWith("%", StringComparison.Ordinal);
                text = isThere ? text[1..] : text;
                return isThere;
            default: // n, t
                int blanks = text.Length - text.TrimStart(" \t").Length;
                bool isSeparator = blanks > 0 || (text.Length > 0 && text[0] is 'T' or 't');
                text = isSeparator ? text[Math.Max(blanks, 1)..] : text;
                return isSeparator;
        }
    }

    private static bool TryMonth(ref ReadOnlySpan<char> text, ref CivilTime time)
    {
        if (!TryWord(ref text, out ReadOnlySpan<char> word) || word.Length < 3)
        {
            return false;
        }

        for (int i = 0; i < Months.Length; i++)
        {
            if (word[..3].Equals(Months[i], StringComparison.OrdinalIgnoreCase))
            {
                time.Month = i + 1;
                return true;
            }
        }

        return false;
    }

    private static bool TryWord(ref ReadOnlySpan<char> text, out ReadOnlySpan<char> word)
    {
        int length = 0;
        while (length < text.Length && char.IsAsciiLetter(text[length]))
        {
            length++;
        }

        word = text[..length];
        text = text[length..];
        return length > 0;
    }

    private static bool TryNumber(ref ReadOnlySpan<char> text, int least, int most, out int number)
    {
        int digits = Math.Min(Digits(text), most);
        number = 0;
        if (digits < least)
        {
            return false;
        }

        number = int.Parse(text[..digits], System.Globalization.CultureInfo.InvariantCulture);
        text = text[digits..];
        return true;
    }

    // Nanoseconds; digits beyond the ninth are dropped.
    private static int Fraction(ref ReadOnlySpan<char> text)
    {
        if (text.Length < 2 || text[0] is not ('.' or ',') || !char.IsAsciiDigit(text[1]))
        {
            return 0;
        }

        int digits = Digits(text[1..]);
        int nanoseconds = 0;
        for (int i = 0; i < 9; i++)
        {
            nanoseconds = (nanoseconds * 10) + (i < digits ? text[1 + i] - '0' : 0);
        }

        text = text[(1 + digits)..];
        return nanoseconds;
    }

    private static TimeSpan? Offset(ref ReadOnlySpan<char> text, out bool isThere)
    {
        isThere = true;
        ReadOnlySpan<char> rest = text.TrimStart(' ');
        if (rest.IsEmpty || rest[0] is not ('Z' or 'z' or '+' or '-'))
        {
            return null; // the zone given on the command line
        }

        int sign = rest[0] == '-' ? -1 : 1;
        bool isUtc = rest[0] is 'Z' or 'z';
        rest = rest[1..];
        if (isUtc)
        {
            text = rest;
            return TimeSpan.Zero;
        }

        int minutes = 0;
        isThere = TryNumber(ref rest, 2, 2, out int hours) && hours <= 18;
        rest = rest.Length > 2 && rest[0] == ':' && char.IsAsciiDigit(rest[1]) ? rest[1..] : rest;
        if (isThere && Digits(rest) >= 2)
        {
            isThere = TryNumber(ref rest, 2, 2, out minutes) && minutes < 60;
        }

        text = rest;
        return sign * new TimeSpan(hours, minutes, 0);
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        int count = text.IndexOfAnyExceptInRange('0', '9');
        return count < 0 ? text.Length : count;
    }
}
