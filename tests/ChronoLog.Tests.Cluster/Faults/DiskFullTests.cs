using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>Journal or archive on a file system of 64 MiB that fills up, and has space again.</summary>
public sealed class DiskFullTests
{
    private const int Mebibytes = 64;
    private const string Reason = "No space left on device";

    // Clients that soon notice, and a ring that soon is full.
    private static readonly ClientOptions Impatient = new()
    {
        FullTimeout = TimeSpan.FromMilliseconds(500), RingCapacityBytes = 256 << 10,
    };

    [TestCase("ext4")]
    [TestCase("tmpfs")]
    public async Task AFullJournalRefusesByNameAndLosesNothing(string kind)
    {
        await using LocalDeployment deployment = await StartAsync(kind, "journal");
        await using ChronoClient client = await deployment.ConnectAsync(Impatient);
        StoryHandle story = await client.AcquireStoryAsync("full", "journal", createChronicle: true);
        StatusReply before = await client.StatusAsync();
        await using var load = new Load(story, DurabilityLevel.Journaled, recordBytes: 1000, perSecond: 20_000);

        // By events, which nobody archives.
        await Signals.StopAsync(before.Pid("grapher-0"));
        await Waiting.UntilAsync(() => load.Refused > 0, "a client to be refused");
        AssertNamed(deployment, "keeper-0", "journal");
        await deployment.WaitAsync(
            client, status => IsTroubled(status) && TroubleOf(status, "keeper-0").Contains("journal"), "the trouble");
        load.PerSecond = 2000;
        await Signals.ContinueAsync(before.Pid("grapher-0"));
        await load.AdvanceAsync(2000, "after the Grapher went on");
        await deployment.WaitAsync(
            client, status => !IsTroubled(status) && TroubleOf(status, "keeper-0").Length == 0, "no trouble");

        // By ballast, while everything is archived as ever: at first faster than segments come back from there.
        using (var ballast = new Ballast(Path.Combine(deployment.Directory, "journal")))
        {
            int lines = CountNamed(deployment, "keeper-0");
            load.PerSecond = 10_000;
            await Waiting.UntilAsync(
                () =>
                {
                    ballast.Fill();
                    return CountNamed(deployment, "keeper-0") > lines;
                },
                "the Keeper to want space");
            load.PerSecond = 2000;
            await AssertKeptAsync(client, load);
            await load.AdvanceAsync(2000, "in what the archived segments left");
            await AssertKeptAsync(client, load);
        }

        await load.AdvanceAsync(5000, "with space again");
        await deployment.WaitAsync(client, status => !IsTroubled(status), "no trouble");
        await deployment.SettleAsync(client, load);
        Assert.That((await client.StatusAsync()).Pids(), Is.EqualTo(before.Pids()), "every process stayed up");
    }

    [TestCase("ext4")]
    [TestCase("tmpfs")]
    public async Task AFullArchiveIsNamedAndLosesNothing(string kind)
    {
        await using LocalDeployment deployment = await StartAsync(kind, "archive");
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("full", "archive", createChronicle: true);
        StatusReply before = await client.StatusAsync();
        await using var load = new Load(story, DurabilityLevel.Journaled, recordBytes: 1000);
        await deployment.WaitAsync(client, status => status.Of(load).Cold > 0, "the first StoryFile");
        using (var ballast = new Ballast(Path.Combine(deployment.Directory, "archive")))
        {
            ballast.Fill();
            await Waiting.UntilAsync(() => CountNamed(deployment, "grapher-0") > 0, "the Grapher to want space");
            AssertNamed(deployment, "grapher-0", "archive");
            await deployment.WaitAsync(client, status => TroubleOf(status, "grapher-0").Contains(Reason), "the reason");
            Assert.That((await deployment.RunAsync(null, "status")).Output, Does.Contain("! ").And.Contain(Reason));
            string error = await FlushErrorAsync(story);
            Assert.That(error, Does.Contain("is not archived yet").And.Contain(Reason));
            for (int i = 0; i < 3; i++)
            {
                await load.AdvanceAsync(1000, "while the archive is full");
                await LoadCheck.AssertAsync(client, load, "while the archive is full");
            }

            StatusReply full = await client.StatusAsync();
            Assert.That(full.Of(load).Hot + full.Of(load).Warm, Is.GreaterThanOrEqualTo(2000), "it cannot be archived");
        }

        await load.AdvanceAsync(1000, "with space again");
        await deployment.SettleAsync(client, load);
        await deployment.WaitAsync(client, status => TroubleOf(status, "grapher-0").Length == 0, "no trouble");
        (await deployment.RunAsync(null, "archive", "verify", deployment.ArchiveDirectory)).Succeeded();
        Assert.That((await client.StatusAsync()).Pids(), Is.EqualTo(before.Pids()), "every process stayed up");
    }

    private static Task<LocalDeployment> StartAsync(string kind, string folder)
    {
        MountedFileSystem.Require();
        return LocalDeployment.StartAsync(new DeploymentSetup
        {
            Keepers = 1,
            Settings = ["keeper.journal-segment=1MiB"],
            Prepare = directory =>
            {
                string place = Path.Combine(directory, folder);
                return [kind == "ext4"
                    ? MountedFileSystem.Ext4(place, Mebibytes)
                    : MountedFileSystem.Tmpfs(place, Mebibytes)];
            },
        });
    }

    // What is in a ring and finds no room in the journal was not acknowledged, and a replay without it says so.
    private static async Task AssertKeptAsync(ChronoClient client, Load load)
    {
        LoadCheck check = await LoadCheck.ReplayAsync(client, load);
        Assert.Multiple(() =>
        {
            Assert.That(check.Gaps.Select(gap => gap.Reason), Is.All.Contains("a full journal"));
            Assert.That(check.Missing, Is.Empty, "acknowledged and not there, while the journal is full");
            Assert.That(check.Anomalies, Is.Empty);
        });
    }

    private static string TroubleOf(StatusReply status, string process) =>
        status.Processes.Single(each => each.Identity.Name == process).Trouble;

    // The client hears of it with its next keep-alive.
    private static async Task<string> FlushErrorAsync(StoryHandle story)
    {
        string error = "";
        for (int i = 0; i < 10 && !error.Contains(Reason); i++)
        {
            ChronoLogException? refusal = await Assert.ThrowsAsync<ChronoLogException>(
                () => story.FlushAsync(DurabilityLevel.Archived, TimeSpan.FromSeconds(1)));
            error = refusal!.Message;
        }

        return error;
    }

    private static bool IsTroubled(StatusReply status) => status.Statistic("keeper-0", "journal_troubles") > 0;

    private static int CountNamed(LocalDeployment deployment, string process) =>
        deployment.LogOf(process).Split('\n').Count(line => line.Contains(Reason));

    private static void AssertNamed(LocalDeployment deployment, string process, string folder)
    {
        string line = deployment.LogOf(process).Split('\n').First(each => each.Contains(Reason));
        Assert.That(line, Does.Contain(Path.Combine(deployment.Directory, folder)).And.Contain("free space"));
    }
}
