using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>System calls of a Keeper and a Grapher fail, one at a time and for a while.</summary>
public sealed class SystemCallFaultTests
{
    private const string Renames = "rename,renameat,renameat2";
    private const int Mebibytes = 64;

    private static readonly Dictionary<string, string> Texts = new()
    {
        ["EIO"] = "Input/output error", ["ENOSPC"] = "No space left on device",
    };

    private static readonly string[] Settings = ["keeper.journal-segment=1MiB"];

    // Calls, error, which one of a thread's calls. New segments are made only while none come back from the archive.
    private static readonly (string Calls, string Error, int When, bool WithoutGrapher)[] OfTheKeeper =
    [
        ("msync", "EIO", 1, false), ("msync", "EIO", 2, false), ("msync", "ENOSPC", 3, false),
        ("fsync", "EIO", 1, true), ("fsync", "EIO", 2, true), ("fsync", "ENOSPC", 1, true),
        ("fallocate", "ENOSPC", 1, true), ("fallocate", "EIO", 1, true), (Renames, "EIO", 1, false),
    ];

    private static readonly (string Calls, string Error, int When)[] OfTheGrapher =
    [
        ("pwrite64", "ENOSPC", 1), ("pwrite64", "EIO", 2), ("pwrite64", "EIO", 4),
        ("fsync", "EIO", 1), ("fsync", "EIO", 2), ("fsync", "ENOSPC", 3), (Renames, "EIO", 1),
    ];

    private MountedFileSystem disk = null!;

    [SetUp]
    public void SetUp()
    {
        MountedFileSystem.Require();
        Strace.Require();
    }

    [Test]
    public async Task NoAcknowledgementOfTheKeeperDependsOnACallThatFailed()
    {
        await using LocalDeployment deployment = await StartAsync("journal");
        await using ChronoClient client = await deployment.ConnectAsync();
        await using Load load = await LoadAsync(client, DurabilityLevel.Synced);
        foreach ((string calls, string error, int when, bool withoutGrapher) in OfTheKeeper)
        {
            StatusReply status = await client.StatusAsync();
            string what = $"{calls} {error} when={when}";
            int lines = CountNamed(deployment, "keeper-0", error);
            using (new Pause(withoutGrapher ? status.Pid("grapher-0") : 0))
            using (Strace strace = await Strace.AttachAsync(
                status.Pid("keeper-0"), calls, $"error={error}:when={when}"))
            {
                await Waiting.UntilAsync(() => strace.Injected.Count > 0, what);
                await load.AdvanceAsync(50, $"although {what}");
            }

            await Waiting.UntilAsync(
                () => CountNamed(deployment, "keeper-0", error) > lines, $"the log to name {what}");
            await load.AdvanceAsync(200, $"after {what}");
        }

        await AssertNothingIsAcknowledgedAsync(client, load);
        await load.AdvanceAsync(500, "with syncs again");
        int keeper = (await client.StatusAsync()).Pid("keeper-0");
        using PowerCut cut = await PowerCut.TakeAsync(
            deployment, disk, [keeper], () => Task.FromResult((load.Acknowledged, 0L)));
        await deployment.SettleAsync(client, load);
        LoadCheck check = await cut.ReplayAsync(load, Settings);
        Assert.That(check.Gaps, Is.Empty);
        Assert.That(check.Missing, Is.Empty, "what was acknowledged after failed calls is on the device");
        Assert.That(check.Anomalies, Is.Empty);
    }

    [Test]
    public async Task NothingIsCalledArchivedByACallThatFailed()
    {
        await using LocalDeployment deployment = await StartAsync("archive");
        await using ChronoClient client = await deployment.ConnectAsync();
        await using Load load = await LoadAsync(client, DurabilityLevel.Journaled);
        await deployment.WaitAsync(client, status => status.Of(load).Cold > 0, "the first StoryFile");
        foreach ((string calls, string error, int when) in OfTheGrapher)
        {
            int grapher = (await client.StatusAsync()).Pid("grapher-0");
            string what = $"{calls} {error} when={when}";
            int lines = CountNamed(deployment, "grapher-0", error);
            using (Strace strace = await Strace.AttachAsync(grapher, calls, $"error={error}:when={when}"))
            {
                await Waiting.UntilAsync(() => strace.Injected.Count > 0, what);
            }

            await Waiting.UntilAsync(
                () => CountNamed(deployment, "grapher-0", error) > lines, $"the log to name {what}");
            ulong cold = (await client.StatusAsync()).Of(load).Cold;
            await deployment.WaitAsync(client, status => status.Of(load).Cold > cold, $"StoryFiles after {what}");
            (await deployment.RunAsync(null, "archive", "verify", deployment.ArchiveDirectory)).Succeeded();
        }

        await AssertNothingIsArchivedAsync(deployment, client, load);
        await deployment.SettleAsync(client, load);
        (await deployment.RunAsync(null, "archive", "verify", deployment.ArchiveDirectory)).Succeeded();
    }

    // The flushes that were on the way when the failures began have ended with the second failed sync: the pause
    // between two is longer than any of them.
    private static async Task AssertNothingIsAcknowledgedAsync(ChronoClient client, Load load)
    {
        using Strace strace = await Strace.AttachAsync(
            (await client.StatusAsync()).Pid("keeper-0"), "msync", "error=EIO");
        await Waiting.UntilAsync(() => strace.Injected.Count >= 3, "failed syncs");
        int acknowledged = load.Acknowledged;
        int recorded = load.Recorded;
        await Waiting.UntilAsync(
            () => strace.Injected.Count >= 10 && load.Recorded > recorded, "more events, and more failed syncs");
        Assert.That(load.Acknowledged, Is.EqualTo(acknowledged), "no flush ends while no sync succeeds");
    }

    private static async Task AssertNothingIsArchivedAsync(LocalDeployment deployment, ChronoClient client, Load load)
    {
        using Strace strace = await Strace.AttachAsync(
            (await client.StatusAsync()).Pid("grapher-0"), "fsync", "error=EIO");
        await Waiting.UntilAsync(() => strace.Injected.Count >= 2, "failed syncs");
        double archived = (await client.StatusAsync()).Statistic("grapher-0", "archived_chunks");
        string[] files = StoryFiles(deployment);
        await Waiting.UntilAsync(() => strace.Injected.Count >= 6, "more failed syncs");
        StatusReply status = await client.StatusAsync();
        Assert.That(StoryFiles(deployment), Is.EquivalentTo(files), "no file appears that could not be synced");
        Assert.That(status.Statistic("grapher-0", "archived_chunks"), Is.EqualTo(archived));
        await LoadCheck.AssertAsync(client, load, "while nothing can be archived");
    }

    private static async Task<Load> LoadAsync(ChronoClient client, DurabilityLevel level)
    {
        StoryHandle story = await client.AcquireStoryAsync("calls", "fail", createChronicle: true);
        return new Load(story, level, recordBytes: 1000, perSecond: 1500);
    }

    private Task<LocalDeployment> StartAsync(string folder) => LocalDeployment.StartAsync(new DeploymentSetup
    {
        Keepers = 1,
        Settings = Settings,
        Prepare = directory => [disk = MountedFileSystem.Ext4(Path.Combine(directory, folder), Mebibytes)],
    });

    private static string[] StoryFiles(LocalDeployment deployment) =>
        Directory.GetFiles(deployment.ArchiveDirectory, "*.h5", SearchOption.AllDirectories);

    private static int CountNamed(LocalDeployment deployment, string process, string error) =>
        deployment.LogOf(process).Split('\n').Count(line => line.Contains(Texts[error]));
}
