using System.Security.Cryptography;
using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;
using ChronoLog.Tests.Cluster.Faults;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Tests.Cluster;

/// <summary>
/// Same range, same bytes: below a stated watermark a replay gives the same events in the same order, whatever tier they
/// are in, while they move from one to the next and processes are killed, under every policy and with every tiering.
/// </summary>
public sealed class StableReplayTests
{
    private const int BatchesPerStory = 12;
    private const int EventsPerBatch = 60;
    private static readonly string[] Policies = ["redundancy", "idempotent", "sequentiality", "ordering"];

    /// <summary>Who is killed after which batch.</summary>
    private static readonly Dictionary<int, string> Victims = new()
    {
        [3] = "player-0", [5] = "keeper-0", [7] = "grapher-0", [9] = "visor",
    };

    private static readonly string[] Tierings = ["normal", "hot", "cold"];

    [Test]
    public async Task AReplayBelowTheWatermarkIsTheSameInEveryTierAndAtEveryMoment()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(window: "300ms");
        await using ChronoClient client = await deployment.ConnectAsync();
        await using ChronoClient other =
            await deployment.ConnectAsync(new ClientOptions { Placement = Placement.RoundRobin });
        List<Observed> stories = [];
        foreach (string policy in Policies)
        {
            foreach (string tiering in Tierings)
            {
                stories.Add(await CreateAsync(client, other, policy, tiering));
            }
        }

        for (int batch = 0; batch < BatchesPerStory; batch++)
        {
            foreach (Observed story in stories)
            {
                await RecordAsync(story, batch);
            }

            if (Victims.TryGetValue(batch, out string? victim))
            {
                await Restart.KillAsync(client, victim);
            }

            foreach (Observed story in stories)
            {
                await story.LookAsync(client); // what was recorded before lies in all tiers by now
            }
        }

        foreach (Observed story in stories)
        {
            await client.ReleaseStoryAsync(story.Chronicle, "s");
            await other.ReleaseStoryAsync(story.Chronicle, "s");
        }

        foreach (Observed story in stories)
        {
            await deployment.WaitUntilColdAsync(client, story.Chronicle, "s", 2 * BatchesPerStory * EventsPerBatch);
            await story.LookAsync(client);
            Assert.That(story.Comparisons, Is.GreaterThan(1), $"{story.Chronicle}: the watermark went on meanwhile");
        }

        (await deployment.RunAsync(null, "archive", "verify", deployment.ArchiveDirectory)).Succeeded();
    }

    private static async Task<Observed> CreateAsync(
        ChronoClient client, ChronoClient other, string policy, string tiering)
    {
        string chronicle = $"{policy}-{tiering}";
        await client.CreateChronicleAsync(chronicle, new Dictionary<string, string>
        {
            ["collision"] = policy, ["tiering"] = tiering, ["granularity"] = "ms",
        });
        return new Observed(
            chronicle, await client.AcquireStoryAsync(chronicle, "s"), await other.AcquireStoryAsync(chronicle, "s"));
    }

    private static async Task RecordAsync(Observed story, int batch)
    {
        for (int i = 0; i < EventsPerBatch; i++)
        {
            story.First.LogEvent(Encoding.UTF8.GetBytes($"first {batch}.{i} of {story.Chronicle}"));
            story.Second.LogEvent(Encoding.UTF8.GetBytes($"second {batch}.{i} of {story.Chronicle}"));
        }

        await story.First.FlushAsync(DurabilityLevel.Journaled, TimeSpan.FromSeconds(60));
        await story.Second.FlushAsync(DurabilityLevel.Journaled, TimeSpan.FromSeconds(60));
    }

    /// <summary>A story, and what earlier replays of it below their watermarks gave.</summary>
    private sealed class Observed(string chronicle, StoryHandle first, StoryHandle second)
    {
        private readonly List<(ulong End, string Hash, int Count)> seen = [];

        public string Chronicle => chronicle;

        public StoryHandle First => first;

        public StoryHandle Second => second;

        /// <summary>Replays that had to be equal to an earlier one of some events.</summary>
        public int Comparisons { get; private set; }

        public async Task LookAsync(ChronoClient client)
        {
            foreach ((ulong end, string hash, int count) in seen)
            {
                (string again, int events, _) = await ReplayAsync(client, end);
                Assert.That((again, events), Is.EqualTo((hash, count)), $"{chronicle} below {end}");
                Comparisons += count > 0 ? 1 : 0;
            }

            (_, _, ulong watermark) = await ReplayAsync(client, ulong.MaxValue);
            if (watermark > 0 && (seen.Count == 0 || watermark > seen[^1].End))
            {
                (string hash, int count, _) = await ReplayAsync(client, watermark);
                seen.Add((watermark, hash, count));
                if (seen.Count > 3)
                {
                    seen.RemoveAt(1); // the first one saw every tier
                }
            }
        }

        // A process that is just back may not have been asked: then the replay says so, and is made again.
        private async Task<(string Hash, int Count, ulong Watermark)> ReplayAsync(ChronoClient client, ulong end)
        {
            (string Hash, int Count, ulong Watermark)? whole = null;
            await Waiting.UntilAsync(
                async () => (whole = await TryReplayAsync(client, end)) is not null,
                () => $"a whole replay of {chronicle}");
            return whole!.Value;
        }

        // Of every event, in the order in which they came. Null: PARTIAL, or somebody is away.
        private async Task<(string Hash, int Count, ulong Watermark)?> TryReplayAsync(ChronoClient client, ulong end)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            int count = 0;
            try
            {
                await using Replay replay = await client.ReplayAsync(chronicle, "s", 0, end);
                await foreach (EventPage page in replay)
                {
                    foreach (var entry in page.Events.ToArray())
                    {
                        hash.AppendData(Encoding.UTF8.GetBytes($"{entry.EventTime} {entry.ClientId} {entry.EventIndex} "));
                        hash.AppendData(entry.LogRecord);
                        count++;
                    }
                }

                return replay.Status == Status.Ok
                    ? (Convert.ToHexString(hash.GetHashAndReset()), count, replay.Watermark)
                    : null;
            }
            catch (ChronoLogException exception) when (exception.Status is Status.NoConnection or Status.TimedOut or Status.NoPlayers)
            {
                return null;
            }
        }
    }
}
