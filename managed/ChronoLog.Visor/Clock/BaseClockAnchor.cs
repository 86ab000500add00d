using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ChronoLog.Visor.Clock;

/// <summary>Where the base clock is fixed to a monotonic clock.</summary>
/// <param name="BootId">The run of the operating system whose monotonic clock it is.</param>
/// <param name="Monotonic">Nanoseconds on it.</param>
/// <param name="Tick">ChronoTick at that moment.</param>
internal sealed record BaseClockAnchor(string BootId, long Monotonic, ulong Tick)
{
    private const string Version = "1";

    public ulong At(long monotonic) => Tick + (ulong)(monotonic - Monotonic);

    /// <summary>Whether the clock can go on from here at a start of the Visor.</summary>
    /// <param name="bootId">The present one.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    /// <param name="least">
    /// A tick that was given out. A monotonic clock that would read less is not the same one, whatever its boot says
    /// (time namespaces of containers, a copied database).
    /// </param>
    public bool GoesOn(string bootId, long now, ulong least) =>
        bootId.Length > 0 && bootId == BootId && now >= Monotonic && At(now) >= least;

    public static bool TryParse(string? text, [NotNullWhen(true)] out BaseClockAnchor? anchor)
    {
        anchor = null;
        if (text?.Split(' ', 4) is [Version, var monotonic, var tick, var boot]
            && long.TryParse(monotonic, NumberStyles.None, CultureInfo.InvariantCulture, out long at)
            && ulong.TryParse(tick, NumberStyles.None, CultureInfo.InvariantCulture, out ulong reads))
        {
            anchor = new BaseClockAnchor(boot, at, reads);
        }

        return anchor is not null;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Version} {Monotonic} {Tick} {BootId}");
}
