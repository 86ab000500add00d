using System.Globalization;
using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster;

/// <summary>A byte of a StoryFile is flipped while the deployment runs.</summary>
public sealed class DamagedStoryFileTests
{
    private const int Events = 2000;

    [Test]
    public async Task AReplayIsPartialThenTheFileIsSetAsideAndRebuiltFromTheJournals()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        await using ChronoClient client = await deployment.ConnectAsync();
        List<RecordedEvent> recorded = await ArchiveAsync(deployment, client, "rebuilt");
        string[] files = FilesOf(deployment, "rebuilt");
        foreach (string file in files)
        {
            FlipRecord(file);
        }

        Assert.That((await ReplayAsync(client, "rebuilt")).Status, Is.EqualTo(Status.Partial));
        await deployment.WaitAsync(
            client,
            status => Grapher(status, "storyfiles_set_aside") >= files.Length && Grapher(status, "storyfiles_damaged") == 0,
            "the files to be set aside and rebuilt");
        (Status status, List<RecordedEvent> replayed) = await ReplayAsync(client, "rebuilt");
        Assert.That(status, Is.EqualTo(Status.Ok));
        Assert.That(replayed, Is.EqualTo(recorded).AsCollection);
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(files[0])!, ".rebuilt-*"), Has.Length.EqualTo(files.Length));
        (await deployment.RunAsync(null, "archive", "verify", deployment.ArchiveDirectory)).Succeeded();
    }

    [Test]
    public async Task WithoutTheKeepersJournalTheGapStaysAndIsNamed()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(
            new DeploymentSetup { Keepers = 1, Settings = ["keeper.journal-segment=1MiB", "keeper.journal-quota=8MiB"] });
        await using ChronoClient client = await deployment.ConnectAsync();
        List<RecordedEvent> recorded = await ArchiveAsync(deployment, client, "lost");
        // What else is recorded fills segments and has the first ones deleted.
        await ArchiveAsync(deployment, client, "other", recordBytes: 10_000);
        string[] files = FilesOf(deployment, "lost");
        FlipRecord(files[0]);
        Assert.That((await ReplayAsync(client, "lost")).Status, Is.EqualTo(Status.Partial));
        await deployment.WaitAsync(client, status => Grapher(status, "storyfiles_damaged") == 1, "the file to be set aside");

        (Status status, List<RecordedEvent> replayed) = await ReplayAsync(client, "lost");
        Assert.That(status, Is.EqualTo(Status.Partial), "a gap still");
        Assert.That(replayed, Is.SubsetOf(recorded));
        Chronolog.Outcome verified = await deployment.RunAsync(null, "archive", "verify", deployment.ArchiveDirectory);
        Assert.That(verified.ExitCode, Is.EqualTo(1));
        Assert.That(verified.Output, Does.Contain(".damaged-").And.Contain("set aside"));
    }

    private static async Task<List<RecordedEvent>> ArchiveAsync(
        LocalDeployment deployment, ChronoClient client, string name, int recordBytes = 50)
    {
        StoryHandle story = await client.AcquireStoryAsync("damage", name, createChronicle: true);
        var recorded = new List<RecordedEvent>();
        for (int i = 0; i < Events; i++)
        {
            string record = string.Create(CultureInfo.InvariantCulture, $"event {i} ").PadRight(recordBytes, '.');
            ulong tick = story.LogEvent(Encoding.UTF8.GetBytes(record), out uint index);
            recorded.Add(new RecordedEvent(new EventSequence(tick, story.ClientId, index), record));
        }

        await client.ReleaseStoryAsync("damage", name);
        await deployment.WaitUntilColdAsync(client, "damage", name, Events);
        return recorded;
    }

    private static async Task<(Status Status, List<RecordedEvent> Events)> ReplayAsync(
        ChronoClient client, string story)
    {
        await using Replay replay = await client.ReplayAsync("damage", story, 0, ulong.MaxValue);
        var events = new List<RecordedEvent>();
        await foreach (EventPage page in replay)
        {
            foreach (ref readonly EventEntry entry in page.Events)
            {
                events.Add(new RecordedEvent(entry.Sequence, Encoding.UTF8.GetString(entry.LogRecord)));
            }
        }

        return (replay.Status, events);
    }

    private static double Grapher(StatusReply status, string statistic) => status.Processes
        .Single(process => process.Identity.Role == Role.Grapher).Statistics.GetValueOrDefault(statistic);

    private static string[] FilesOf(LocalDeployment deployment, string story) =>
        Directory.GetFiles(Path.Combine(deployment.ArchiveDirectory, "damage", story), "*.h5");

    // "event": in the column of records, wherever it lies.
    private static void FlipRecord(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int at = bytes.AsSpan().IndexOf("event "u8);
        bytes[at + 2] ^= 0xFF;
        File.WriteAllBytes(path, bytes);
    }
}
