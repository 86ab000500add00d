namespace ChronoLog.App.Import;

/// <summary>A count of units since 1970, with a fraction of the unit behind a point.</summary>
/// <param name="nanoseconds">Of a unit: a power of ten.</param>
internal sealed class UnixFormat(ulong nanoseconds) : TimeFormat
{
    public override bool TryRead(ReadOnlySpan<char> text, out ulong tick)
    {
        tick = 0;
        int digits = Digits(text);
        if (digits is 0 or > 20 || !ulong.TryParse(text[..digits], out ulong units)
            || Math.BigMul(units, nanoseconds, out tick) != 0)
        {
            return false;
        }

        ReadOnlySpan<char> rest = text[digits..];
        if (rest.Length > 1 && rest[0] is '.' or ',')
        {
            ulong unit = nanoseconds;
            foreach (char digit in rest[1..][..Digits(rest[1..])])
            {
                unit /= 10; // beyond a nanosecond nothing is left of it
                tick += unit * (ulong)(digit - '0');
            }
        }

        return true;
    }

    private static int Digits(ReadOnlySpan<char> text)
    {
        int count = text.IndexOfAnyExceptInRange('0', '9');
        return count < 0 ? text.Length : count;
    }
}
