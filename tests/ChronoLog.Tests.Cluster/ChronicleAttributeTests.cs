using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;
using ChronoLog.Tests.Cluster.Faults;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Tests.Cluster;

/// <summary>
/// What a chronicle's attributes make of its events: the README's table of collision policies, row by row, and tiering.
/// </summary>
public sealed class ChronicleAttributeTests
{
    private const ulong Millisecond = 1_000_000;
    private LocalDeployment deployment = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => deployment = await LocalDeployment.StartAsync(window: "300ms");

    [OneTimeTearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    /// <summary>
    /// a at 5.1 ms, b at 5.4 ms, c at 6.2 ms of a second that is long over (so all come late), in granules of a millisecond; b
    /// arrives before a. With one copy and two, whatever the tiering, while they are in memory and from the archive.
    /// </summary>
    [TestCase("redundancy", "a 5.1, b 5.4, c 6.2")]
    [TestCase("idempotent", "b 5.4, c 6.2")]
    [TestCase("sequentiality", "a 5.1, b 6.0, c 7.0")]
    [TestCase("ordering", "b 5.4, a 5.1, c 6.2")]
    public async Task TheExampleOfTheGuideIsTrue(string policy, string expected)
    {
        await using ChronoClient client = await deployment.ConnectAsync(new ClientOptions { Placement = Placement.RoundRobin });
        List<(string Chronicle, ulong Base)> stories = [];
        foreach (string tiering in new[] { "normal", "hot", "cold" })
        {
            foreach (string replicas in new[] { "1", "2" })
            {
                string chronicle = $"{policy}-{tiering}-{replicas}";
                await client.CreateChronicleAsync(chronicle, new Dictionary<string, string>
                {
                    ["collision"] = policy, ["granularity"] = "ms", ["tiering"] = tiering, ["replicas"] = replicas,
                });
                StoryHandle story = await client.AcquireStoryAsync(chronicle, "s");
                ulong start = await RecordAsync(client, chronicle, story);
                stories.Add((chronicle, start));
                Assert.That(await ShownAsync(client, chronicle, start), Is.EqualTo(expected), $"{chronicle} in memory");
            }
        }

        foreach ((string chronicle, ulong start) in stories)
        {
            await deployment.WaitUntilColdAsync(client, chronicle, "s", 4);
            Assert.That(await ShownAsync(client, chronicle, start), Is.EqualTo(expected), $"{chronicle} from the archive");
            await client.ReleaseStoryAsync(chronicle, "s");
        }
    }

    [Test]
    public async Task ChunksOfAHotChronicleStayInThePlayersMemoryAndItIsBounded()
    {
        const int Events = 4_000;
        const int Mebibyte = 1 << 20;
        await using LocalDeployment small = await LocalDeployment.StartAsync(new DeploymentSetup
        {
            Keepers = 1, Window = "200ms", Settings = ["player.memory-budget=1MiB"],
        });
        await using ChronoClient client = await small.ConnectAsync();
        foreach (string tiering in new[] { "normal", "cold", "hot" })
        {
            double before = (await client.StatusAsync()).Statistic("player-0", "recent_chunks");
            await client.CreateChronicleAsync(tiering, new Dictionary<string, string> { ["tiering"] = tiering });
            StoryHandle story = await client.AcquireStoryAsync(tiering, "s");
            for (int round = 0; round < 4; round++)
            {
                for (int i = 0; i < Events; i++)
                {
                    story.LogEvent(new byte[100]); // 4 MiB in all, of which a chunk has half a MiB to 2
                }

                await small.WaitAsync(
                    client, status => status.Stories.Single(each => each.Chronicle == tiering).Cold >= (ulong)((round + 1) * Events / 2),
                    "StoryFiles");
            }

            await client.ReleaseStoryAsync(tiering, "s");
            await small.WaitUntilColdAsync(client, tiering, "s", 4 * Events);
            StatusReply status = tiering == "hot"
                ? await small.WaitAsync(client, each => each.Statistic("player-0", "recent_chunks") > 0, "chunks in the Player's memory")
                : await client.StatusAsync();
            Assert.That(status.Statistic("player-0", "recent_bytes"), Is.LessThanOrEqualTo(Mebibyte));
            Assert.That(
                status.Statistic("player-0", "recent_chunks"), tiering == "hot" ? Is.GreaterThan(before) : Is.EqualTo(before), tiering);
            Assert.That(await RecordedEvent.ReplayAsync(client, tiering, "s"), Has.Count.EqualTo(4 * Events));
        }
    }

    [Test]
    public async Task StoryFilesOfAColdChronicleAreChunkedShuffledDeflatedAndCheckedAndOthersAreNot()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        foreach (string tiering in new[] { "normal", "cold" })
        {
            string chronicle = $"layout-{tiering}";
            await client.CreateChronicleAsync(chronicle, new Dictionary<string, string> { ["tiering"] = tiering });
            StoryHandle story = await client.AcquireStoryAsync(chronicle, "s");
            for (int i = 0; i < 2_000; i++)
            {
                story.LogEvent(Encoding.UTF8.GetBytes($"kernel: [{i}] usb 1-1: new high-speed USB device number {i % 7}"));
            }

            await client.ReleaseStoryAsync(chronicle, "s");
            await deployment.WaitUntilColdAsync(client, chronicle, "s", 2_000);
            string file = Directory.GetFiles(Path.Combine(deployment.ArchiveDirectory, chronicle, "s"), "*.h5")[0];
            string layout = SystemCommand.Output("h5dump", "-p", "-H", file);
            string[] filters = ["CHUNKED", "PREPROCESSING SHUFFLE", "COMPRESSION DEFLATE", "CHECKSUM FLETCHER32"];
            int[] datasets = [.. filters.Select(filter => layout.Split(filter).Length - 1)];
            Assert.That(datasets, tiering == "cold" ? Is.All.GreaterThanOrEqualTo(5) : Is.All.Zero, layout);
        }
    }

    // Each is journaled before the next: the order of arrival is b, a, c.
    private static async Task<ulong> RecordAsync(ChronoClient client, string chronicle, StoryHandle story)
    {
        ulong now = story.LogEvent("now"u8);
        ulong start = now - (now % 1_000_000_000) - 60_000_000_000;
        foreach ((ulong microseconds, string record) in new[] { (5_400UL, "b"), (5_100UL, "a"), (6_200UL, "c") })
        {
            story.LogEventAt(start + (microseconds * 1_000), Encoding.UTF8.GetBytes(record));
            await story.FlushAsync(DurabilityLevel.Journaled, TimeSpan.FromSeconds(60));
        }

        return start;
    }

    private static async Task<string> ShownAsync(ChronoClient client, string chronicle, ulong start) => string.Join(", ",
        (await RecordedEvent.ReplayAsync(client, chronicle, "s", start, start + (1_000 * Millisecond)))
            .Select(each => FormattableString.Invariant(
                $"{each.Record} {(each.Sequence.EventTime - start) / 100_000 / 10.0:0.0}")));
}
