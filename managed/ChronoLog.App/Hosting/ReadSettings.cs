using ChronoLog.Core.Playback;
using ChronoLog.Core.Settings;

namespace ChronoLog.App.Hosting;

/// <summary>Rows of whoever serves reads: Keeper (hot), Grapher (warm), Player (replays).</summary>
internal static class ReadSettings
{
    private static readonly ReadServiceOptions Defaults = new();

    public static readonly Setting<long> ReadsMax = SettingKinds.Integer(
        "reads-max", Defaults.CursorsMax, 1, 65536,
        "Most reads open at once; each holds up to three pages of registered memory.");

    public static readonly Setting<long> ReadsPerClientMax = SettingKinds.Integer(
        "reads-per-client-max", Defaults.CursorsPerClientMax, 1, 65536, "Most reads open at once for one client.");

    public static readonly Setting<TimeSpan> ReadLease = SettingKinds.Duration(
        "read-lease", "30s", "100ms", "1d", "A read that nobody asked for its next page so long is closed.");

    public static readonly Setting<TimeSpan> PageMemoryWait = SettingKinds.Duration(
        "page-memory-wait", "10s", "1ms", "10m",
        "Longest wait of a page for registered memory (fabric-budget); after it the reader may ask again.");

    public static readonly IReadOnlyList<Setting> All = [ReadsMax, ReadsPerClientMax, ReadLease, PageMemoryWait];

    public static ReadServiceOptions Read(SettingValues settings) => new()
    {
        CursorsMax = (int)settings.Get(ReadsMax),
        CursorsPerClientMax = (int)settings.Get(ReadsPerClientMax),
        Lease = settings.Get(ReadLease),
        SlabWait = settings.Get(PageMemoryWait),
    };
}
