using System.Text.Json;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>
/// Power cuts in miniature: the backing file of a live ext4 is copied at random moments. What had been promised as
/// synced or archived before is in the copy. With the syncs made no-ops it is not, which shows that the copies tell.
/// </summary>
public sealed class PowerCutTests
{
    private const int Mebibytes = 64;
    private const int Cuts = 10;
    private const int ControlCuts = 5;
    private const int Seed = 20240229;

    // Each sync is one call of these; their absence is nothing that a running process could notice.
    private const string Syncs = "msync,fsync,fdatasync,sync_file_range";

    private static readonly string[] Settings = ["keeper.journal-segment=1MiB"];

    private readonly List<PowerCut> cuts = [];
    private readonly Random random = new(Seed);
    private MountedFileSystem disk = null!;

    [SetUp]
    public void SetUp() => MountedFileSystem.Require();

    [TearDown]
    public void TearDown()
    {
        cuts.ForEach(cut => cut.Dispose());
        cuts.Clear();
    }

    [Test]
    public async Task WhatTheKeeperCalledSyncedSurvives()
    {
        await using (LocalDeployment deployment = await StartAsync("journal"))
        {
            await using ChronoClient client = await deployment.ConnectAsync();
            await using Load load = await LoadAsync(client, DurabilityLevel.Synced);
            await CutAsync(deployment, client, load, Cuts, "keeper-0");
            await deployment.SettleAsync(client, load);
            foreach (PowerCut cut in cuts)
            {
                LoadCheck check = await cut.ReplayAsync(load, Settings);
                AssertKept(check, cut);
            }
        }
    }

    [Test]
    public async Task WithoutSyncsTheKeepersPromiseIsBroken()
    {
        Strace.Require();
        await using LocalDeployment deployment = await StartAsync("journal");
        await using ChronoClient client = await deployment.ConnectAsync();
        using Strace strace = await WithoutSyncsAsync(client, "keeper-0");
        await using Load load = await LoadAsync(client, DurabilityLevel.Synced);
        await CutAsync(deployment, client, load, ControlCuts, "keeper-0");
        strace.Dispose();
        await deployment.SettleAsync(client, load);
        bool isLost = false;
        for (int i = ControlCuts - 1; i >= 0 && !isLost; i--)
        {
            isLost = (await cuts[i].ReplayAsync(load, Settings)).Missing.Count > 0;
        }

        Assert.That(isLost, "nothing was lost without any sync: the test sees no loss");
    }

    [Test]
    public async Task WhatTheGrapherCalledArchivedSurvives()
    {
        await using LocalDeployment deployment = await StartAsync("archive");
        await using ChronoClient client = await deployment.ConnectAsync();
        await using Load load = await LoadAsync(client, DurabilityLevel.Journaled);
        await deployment.WaitAsync(client, status => status.Of(load).Cold > 0, "the first StoryFile");
        await CutAsync(deployment, client, load, Cuts, "grapher-0", "keeper-0");
        await deployment.SettleAsync(client, load);
        foreach (PowerCut cut in cuts)
        {
            await AssertArchivedAsync(cut);
            LoadCheck check = await cut.ReplayAsync(load, Settings);
            AssertKept(check, cut);
        }
    }

    [Test]
    public async Task WithoutSyncsTheGraphersPromiseIsBroken()
    {
        Strace.Require();
        await using LocalDeployment deployment = await StartAsync("archive");
        await using ChronoClient client = await deployment.ConnectAsync();
        using Strace strace = await WithoutSyncsAsync(client, "grapher-0");
        await using Load load = await LoadAsync(client, DurabilityLevel.Journaled);
        await deployment.WaitAsync(client, status => status.Of(load).Cold > 0, "the first StoryFile");
        await CutAsync(deployment, client, load, ControlCuts, "grapher-0", "keeper-0");
        strace.Dispose();
        await deployment.SettleAsync(client, load);
        bool isLost = false;
        for (int i = ControlCuts - 1; i >= 0 && !isLost; i--)
        {
            (long events, bool isDamaged) = await ReadArchiveAsync(cuts[i]);
            isLost = isDamaged || events < cuts[i].Cold;
        }

        Assert.That(isLost, "nothing was lost without any sync: the test sees no loss");
    }

    private static async Task<Load> LoadAsync(ChronoClient client, DurabilityLevel level)
    {
        StoryHandle story = await client.AcquireStoryAsync("power", "cut", createChronicle: true);
        return new Load(story, level, recordBytes: 500, perSecond: 1500);
    }

    private static async Task<Strace> WithoutSyncsAsync(ChronoClient client, string process) =>
        await Strace.AttachAsync((await client.StatusAsync()).Pid(process), Syncs, "retval=0");

    private Task<LocalDeployment> StartAsync(string folder) => LocalDeployment.StartAsync(new DeploymentSetup
    {
        Keepers = 1,
        Settings = Settings,
        Prepare = directory => [disk = MountedFileSystem.Ext4(Path.Combine(directory, folder), Mebibytes)],
    });

    private async Task CutAsync(
        LocalDeployment deployment, ChronoClient client, Load load, int count, params string[] node)
    {
        StatusReply status = await client.StatusAsync();
        int[] pids = [.. node.Select(name => status.Pid(name))];
        for (int i = 0; i < count; i++)
        {
            await load.AdvanceAsync(random.Next(50, 900), "before a cut");
            cuts.Add(await PowerCut.TakeAsync(deployment, disk, pids, async () =>
            {
                StatusReply now = await client.StatusAsync();
                return (load.Acknowledged, (long)now.Of(load).Cold);
            }));
        }
    }

    private static void AssertKept(LoadCheck check, PowerCut cut) => Assert.Multiple(() =>
    {
        Assert.That(check.Gaps, Is.Empty);
        Assert.That(check.Missing, Is.Empty, $"of {cut.Acknowledged} that were promised");
        Assert.That(check.Anomalies, Is.Empty);
    });

    private static async Task AssertArchivedAsync(PowerCut cut)
    {
        (long events, bool isDamaged) = await ReadArchiveAsync(cut);
        Assert.That(isDamaged, Is.False, "every file is whole");
        Assert.That(events, Is.GreaterThanOrEqualTo(cut.Cold), "what was called cold is there");
    }

    private static async Task<(long Events, bool IsDamaged)> ReadArchiveAsync(PowerCut cut)
    {
        // A copy of its own: mounting replays the file system's log, which the deployment is to do itself.
        string image = MountedFileSystem.NewImage();
        File.Copy(cut.Image, image);
        string place = Directory.CreateTempSubdirectory("chronolog-look-").FullName;
        try
        {
            using MountedFileSystem mounted = MountedFileSystem.OfCopy(image, place);
            string archive = Path.Combine(place, "group-0");
            Chronolog.Outcome verify = await Chronolog.RunAsync(null, "archive", "verify", archive);
            Chronolog.Outcome list = await Chronolog.RunAsync(null, "archive", "list", archive, "--json");
            return (list.Lines.Sum(CountOf), verify.ExitCode != 0);
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    private static long CountOf(string line)
    {
        using JsonDocument file = JsonDocument.Parse(line);
        return file.RootElement.TryGetProperty("events", out JsonElement events) ? events.GetInt64() : 0;
    }
}
