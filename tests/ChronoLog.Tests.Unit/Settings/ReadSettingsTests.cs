using ChronoLog.App.Hosting;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Settings;

namespace ChronoLog.Tests.Unit.Settings;

/// <summary>The limits of reads reach the role that serves them.</summary>
internal sealed class ReadSettingsTests
{
    private static readonly ReadServiceOptions Set = new()
    {
        CursorsMax = 7, CursorsPerClientMax = 3, Lease = TimeSpan.FromSeconds(9), SlabWait = TimeSpan.FromSeconds(4),
    };

    private static readonly Dictionary<string, string> Given = new()
    {
        ["reads-max"] = "7", ["reads-per-client-max"] = "3", ["read-lease"] = "9s", ["page-memory-wait"] = "4s",
    };

    [Test]
    public void EveryReadingRoleTakesThem()
    {
        Assert.That(KeeperHost.Options("k", Load(KeeperSettings.Table, Given)).Reads, Is.EqualTo(Set));
        Assert.That(GrapherHost.Options("g", Load(GrapherSettings.Table, Given)).Reads, Is.EqualTo(Set));
        Assert.That(PlayerHost.Options("p", Load(PlayerSettings.Table, Given)).Reads, Is.EqualTo(Set));
    }

    [Test]
    public void TheirDefaultsAreTheReadServices() =>
        Assert.That(PlayerHost.Options("p", Load(PlayerSettings.Table, [])).Reads, Is.EqualTo(new ReadServiceOptions()));

    private static SettingValues Load(SettingTable table, Dictionary<string, string> given) =>
        table.Load(given, _ => null, null);
}
