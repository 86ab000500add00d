using System.Diagnostics;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;
using ChronoLog.Tests.Cluster.Faults;

namespace ChronoLog.Tests.Cluster.Following;

/// <summary>Following a story: promptly, every event once, whoever is killed, however many follow.</summary>
public sealed class PlaybackTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Test]
    public async Task AFollowerIsPrompt()
    {
        const int Events = 2000;
        await using LocalDeployment deployment = await LocalDeployment.StartAsync();
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("follow", "prompt", createChronicle: true);
        foreach (PlaybackMode mode in Enum.GetValues<PlaybackMode>())
        {
            ulong from = client.Clock.Now;
            await using var follower = new Follower(client, "follow", "prompt", from, mode);
            story.LogEvent("it follows"u8);
            await Waiting.UntilAsync(() => follower.Count == 1, "the follower to follow");
            await using var writer = new StoryWriterTask(story, perSecond: 1000, most: Events);
            await Waiting.UntilAsync(() => follower.Count >= Events + 1, "all events");

            double[] milliseconds = [.. follower.Shown.Skip(1)
                .Select(each => Stopwatch.GetElapsedTime(writer.Recorded[each.Sequence.EventTime], each.At).TotalMilliseconds)
                .Order()];
            double median = milliseconds[milliseconds.Length / 2];
            double late = milliseconds[milliseconds.Length * 99 / 100];
            TestContext.Out.WriteLine(
                $"{mode}: from log_event to the follower: p50 {median:0.000} ms, p99 {late:0.000} ms, most {milliseconds[^1]:0.0} ms");

            // On a busy machine it says how the scheduler divides the processors, and nothing of what is tested.
            if (IsQuiet)
            {
                Assert.That(median, Is.LessThan(mode == PlaybackMode.Immediate ? 10 : 100));
            }
        }

        await client.ReleaseStoryAsync("follow", "prompt");
    }

    [Test]
    public async Task WhoeverJoinsWhileWritersRunMissesNothingAndSeesNothingTwice()
    {
        const int Followers = 24;
        await using LocalDeployment deployment = await LocalDeployment.StartAsync();
        await using ChronoClient first = await deployment.ConnectAsync();
        await using ChronoClient second = await deployment.ConnectAsync();
        List<Follower> followers = [];
        var random = new Random(4);
        List<StoryWriterTask> writers = [];
        foreach (ChronoClient client in (ChronoClient[])[first, second])
        {
            StoryHandle story = await client.AcquireStoryAsync("follow", "seam", createChronicle: true);
            writers.Add(new StoryWriterTask(story, perSecond: 3000));
        }

        for (int i = 0; i < Followers; i++)
        {
            int recorded = writers.Sum(writer => writer.Recorded.Count);
            int more = random.Next(1, 600);
            await Waiting.UntilAsync(() => writers.Sum(writer => writer.Recorded.Count) > recorded + more, "some more events");
            followers.Add(new Follower(first, "follow", "seam", 0, (PlaybackMode)(i % 2)));
        }

        foreach (StoryWriterTask writer in writers)
        {
            await writer.DisposeAsync();
        }

        List<EventSequence> expected = await SequencesAsync(first, "follow", "seam");
        Assert.That(expected, Has.Count.EqualTo(writers.Sum(writer => writer.Recorded.Count)));
        foreach (Follower follower in followers)
        {
            await Waiting.UntilAsync(() => follower.Count >= expected.Count || follower.Ended.IsCompleted, "everything");
            await follower.DisposeAsync();
            follower.AssertShown(expected, isWhollyInOrder: false);
        }
    }

    /// <summary>
    /// What must not grow with the number of followers is what the Keeper does for an event: it puts it into one feed, and
    /// answers one Player. (What that costs on which machine is for the benchmark.)
    /// </summary>
    [Test]
    public async Task FiveHundredFollowersAreOneOfTheKeeperAndSeeAll()
    {
        const int Followers = 500;
        const int Events = 400;
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("follow", "crowd", createChronicle: true);
        ulong from = story.LogEvent("first"u8);
        List<Follower> followers = [];
        for (int i = 0; i < Followers; i++)
        {
            followers.Add(new Follower(client, "follow", "crowd", from, PlaybackMode.Immediate));
        }

        await Waiting.UntilAsync(() => followers.TrueForAll(follower => follower.Count == 1), "all to follow", Patience);
        StatusReply status = await WaitForFollowersAsync(deployment, client, Followers);
        Assert.Multiple(() =>
        {
            Assert.That(status.Statistic("player-0", "stories_followed"), Is.EqualTo(1));
            Assert.That(status.Statistic("keeper-0", "stories_followed"), Is.EqualTo(1));
            Assert.That(status.Statistic("keeper-0", "follow_questions"), Is.InRange(1, 2), "of the Player, for all of them");
        });

        // The ring is emptied whoever follows: without acknowledgement of any of them everything is in the journal.
        await using (var writer = new StoryWriterTask(story, perSecond: 200, most: Events))
        {
            await Waiting.UntilAsync(() => writer.IsEnded, "the writer");
        }

        await story.FlushAsync(DurabilityLevel.Journaled, Patience);
        await Waiting.UntilAsync(() => followers.TrueForAll(follower => follower.Count == Events + 1), "all to see all", Patience);
        Assert.That(followers.Count(follower => follower.Shown.Any(each => !each.IsInOrder)), Is.Zero);
        foreach (Follower follower in followers)
        {
            await follower.DisposeAsync();
        }

        await client.ReleaseStoryAsync("follow", "crowd");
    }

    [Test]
    public async Task FollowersThatComeAndGoLeaveNothingBehind()
    {
        const int Rounds = 6;
        const int Followers = 200;
        const long BytesMax = 32 << 20;
        const int DescriptorsMax = 16; // a forgotten one per follower would be 800 by the last round
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("follow", "churn", createChronicle: true);
        ulong from = story.LogEvent("first"u8);
        await story.FlushAsync(DurabilityLevel.Archived, Patience); // the servers have met by then: they connect at the first drain
        string[] servers = ["player-0", "keeper-0"];
        Dictionary<string, (int Descriptors, long Bytes)> before = [];
        for (int round = 0; round < Rounds; round++)
        {
            List<Follower> followers = [.. Enumerable.Range(0, Followers).Select(
                i => new Follower(client, "follow", "churn", from, (PlaybackMode)(i % 2)))];
            await Waiting.UntilAsync(() => followers.TrueForAll(follower => follower.Count == 1), "all to follow", Patience);
            await Task.WhenAll(followers.Select(follower => follower.DisposeAsync().AsTask()));
            StatusReply status = await WaitForFollowersAsync(deployment, client, 0);
            foreach (string server in servers)
            {
                int pid = status.Pid(server);
                var now = (Directory.GetFiles($"/proc/{pid}/fd").Length, Faults.Signals.AnonymousBytes(pid));
                if (round == 1)
                {
                    before[server] = now; // connections and pools are there by then
                }
                else if (round > 1)
                {
                    Assert.That(now.Item1, Is.LessThanOrEqualTo(before[server].Descriptors + DescriptorsMax), $"{server}'s descriptors");
                    Assert.That(now.Item2, Is.LessThan(before[server].Bytes + BytesMax), $"{server}'s memory");
                }
            }
        }

        await client.ReleaseStoryAsync("follow", "churn");
    }

    [Test]
    public async Task ATailEndsWhenNobodyReadsItAndSaysWhatIsLate()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("follow", "tail", createChronicle: true);
        await story.DeclareOwnTimesAsync();
        ulong first = story.LogEvent("first"u8);
        using var tail = System.Diagnostics.Process.Start(new ProcessStartInfo(
            Chronolog.Executable,
            ["tail", "follow", "tail", "--from", "0", "--mode", "immediate", "--json", "--endpoint", deployment.Endpoint])
        {
            RedirectStandardOutput = true,
        })!;
        Assert.That(await tail.StandardOutput.ReadLineAsync(), Does.Contain("first").And.Not.Contain("late"));
        story.LogEventAt(first - 1, "before"u8);
        Assert.That(await tail.StandardOutput.ReadLineAsync(), Does.Contain("before").And.Contain("\"late\":true"));

        tail.StandardOutput.Close();
        using var deadline = new CancellationTokenSource(Patience);
        await tail.WaitForExitAsync(deadline.Token); // nothing more is recorded: it notices by itself
        Assert.That(tail.ExitCode, Is.Zero);
        await client.ReleaseStoryAsync("follow", "tail");
    }

    [TestCase("player-0")]
    [TestCase("keeper-0")]
    [TestCase("grapher-0")]
    [TestCase("visor")]
    public async Task AFollowerGoesOnWhenAProcessIsKilledAndRestarted(string victim)
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("follow", "killed", createChronicle: true);
        await using var ordered = new Follower(client, "follow", "killed", 0, PlaybackMode.Ordered);
        await using var immediate = new Follower(client, "follow", "killed", 0, PlaybackMode.Immediate);
        var writer = new StoryWriterTask(story, perSecond: 500);
        await Waiting.UntilAsync(() => ordered.Count > 50 && immediate.Count > 50, "both to follow");

        await Restart.KillAsync(client, victim);
        int before = writer.Recorded.Count;
        await Waiting.UntilAsync(() => writer.Recorded.Count > before + 100, "the writer to get on");
        await writer.DisposeAsync();

        List<EventSequence> expected = await SequencesAsync(client, "follow", "killed");
        Assert.That(expected, Has.Count.EqualTo(writer.Recorded.Count));
        foreach (Follower follower in (Follower[])[ordered, immediate])
        {
            await Waiting.UntilAsync(() => follower.Count >= expected.Count || follower.Ended.IsCompleted, $"everything, {follower.Mode}");
            follower.AssertShown(expected, isWhollyInOrder: false);
        }
    }

    [Test]
    public async Task AStoryThatNobodyHasAcquiredIsFollowedAndADestroyedOneEndsIt()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("follow", "idle", createChronicle: true);
        await client.ReleaseStoryAsync("follow", "idle");
        await using var follower = new Follower(client, "follow", "idle", 0, PlaybackMode.Immediate);
        story = await client.AcquireStoryAsync("follow", "idle");
        story.LogEvent("once"u8);
        await Waiting.UntilAsync(() => follower.Count == 1, "the event of who acquired it later");

        await client.ReleaseStoryAsync("follow", "idle");
        await client.DestroyStoryAsync("follow", "idle");
        await Waiting.UntilAsync(() => follower.Ended.IsCompleted, "the playback to end");
        var end = follower.Ended.Exception?.InnerException as ChronoLogException;
        Assert.That(end?.Status, Is.EqualTo(Status.NotExist));
        Assert.That(end?.Message, Does.Contain("destroyed"));
    }

    private static Task<StatusReply> WaitForFollowersAsync(LocalDeployment deployment, ChronoClient client, int count) =>
        deployment.WaitAsync(
            client, status => (int)status.Statistic("player-0", "followers") == count, $"{count} followers at the Player");

    // Fewer than one process on average that wants to run beside these.
    private static bool IsQuiet => double.Parse(
        File.ReadAllText("/proc/loadavg").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) < 1.5;

    private static async Task<List<EventSequence>> SequencesAsync(ChronoClient client, string chronicle, string story)
    {
        List<EventSequence> sequences = [];
        await using Replay replay = await client.ReplayAsync(chronicle, story);
        await foreach (EventPage page in replay)
        {
            foreach (EventEntry entry in page.Events)
            {
                sequences.Add(entry.Sequence);
            }
        }

        Assert.That(replay.Status, Is.EqualTo(Status.Ok), () => $"{replay.Gaps.FirstOrDefault()}");
        return sequences;
    }
}
