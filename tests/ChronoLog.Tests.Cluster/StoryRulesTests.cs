using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Tests.Cluster;

/// <summary>Who may do what to which story, on one deployment.</summary>
public sealed class StoryRulesTests
{
    private LocalDeployment deployment = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => deployment = await LocalDeployment.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public async Task NamesThatConcatenateAlikeDoNotMix()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle first = await client.AcquireStoryAsync("ab", "c", createChronicle: true);
        StoryHandle second = await client.AcquireStoryAsync("a", "bc", createChronicle: true);
        Assert.That(first.StoryId, Is.Not.EqualTo(second.StoryId));
        first.LogEvent("of ab/c"u8);
        second.LogEvent("of a/bc"u8);
        Assert.That((await RecordedEvent.ReplayAsync(client, "ab", "c")).Select(each => each.Record), Is.EqualTo(["of ab/c"]));
        Assert.That((await RecordedEvent.ReplayAsync(client, "a", "bc")).Select(each => each.Record), Is.EqualTo(["of a/bc"]));
        await client.ReleaseStoryAsync("ab", "c");
        await client.ReleaseStoryAsync("a", "bc");
        await deployment.WaitUntilColdAsync(client, "ab", "c", 1);
        Assert.That((await RecordedEvent.ReplayAsync(client, "ab", "c")).Select(each => each.Record), Is.EqualTo(["of ab/c"]));
    }

    [Test]
    public async Task AnEmptyRangeHasNoEvents()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("empty", "range", createChronicle: true);
        Assert.That(await RecordedEvent.ReplayAsync(client, "empty", "range"), Is.Empty);
        ulong tick = story.LogEvent("one"u8);
        Assert.That(await RecordedEvent.ReplayAsync(client, "empty", "range", tick, tick), Is.Empty, "half open");
        Assert.That(await RecordedEvent.ReplayAsync(client, "empty", "range", 0, tick), Is.Empty);
        Assert.That(await RecordedEvent.ReplayAsync(client, "empty", "range", tick, tick + 1), Has.Count.EqualTo(1));
        await client.ReleaseStoryAsync("empty", "range");
    }

    [TestCase("idempotent")]
    [TestCase("sequentiality")]
    public async Task ACollisionPolicyShowsTheSameHotAndColdAndForgetsNothing(string policy)
    {
        const int Events = 3_000;
        await using ChronoClient client = await deployment.ConnectAsync();
        var attributes = new Dictionary<string, string> { ["collision"] = policy, ["granularity"] = "us" };
        await client.CreateChronicleAsync(policy, attributes);
        StoryHandle story = await client.AcquireStoryAsync(policy, "s");
        for (int i = 0; i < Events; i++)
        {
            story.LogEvent(Encoding.UTF8.GetBytes($"{i}"));
        }

        List<RecordedEvent> hot = await RecordedEvent.ReplayAsync(client, policy, "s");
        await client.ReleaseStoryAsync(policy, "s");
        await deployment.WaitUntilColdAsync(client, policy, "s", Events);
        Assert.That(await RecordedEvent.ReplayAsync(client, policy, "s"), Is.EqualTo(hot));
        ulong[] granules = [.. hot.Select(each => each.Sequence.EventTime / 1_000)];
        Assert.That(granules, Is.Ordered.And.Unique);
        Assert.That(hot, policy == "idempotent" ? Has.Count.LessThan(Events) : Has.Count.EqualTo(Events));

        await client.EditChronicleAttributeAsync(policy, "collision", "redundancy");
        List<RecordedEvent> all = await RecordedEvent.ReplayAsync(client, policy, "s");
        Assert.That(all.Select(each => each.Record), Is.EqualTo(Enumerable.Range(0, Events).Select(i => $"{i}")));
        if (policy == "idempotent")
        {
            Assert.That(hot, Is.EqualTo(all.GroupBy(each => each.Sequence.EventTime / 1_000).Select(granule => granule.Last())));
        }
    }

    /// <summary>Two clients, whose Keepers take turns, and granules in which the order of arrival is not that of the ticks.</summary>
    [Test]
    public async Task OrderingShowsTheOrderOfArrivalHotAndColdAndForgetsNothing()
    {
        const int Rounds = 200;
        await using ChronoClient first = await deployment.ConnectAsync();
        await using ChronoClient second = await deployment.ConnectAsync(new ClientOptions { Placement = Placement.RoundRobin });
        var attributes = new Dictionary<string, string> { ["collision"] = "ordering", ["granularity"] = "s" };
        await first.CreateChronicleAsync("ordering", attributes);
        StoryHandle a = await first.AcquireStoryAsync("ordering", "s");
        StoryHandle b = await second.AcquireStoryAsync("ordering", "s");
        for (int i = 0; i < Rounds; i++)
        {
            a.LogEvent(Encoding.UTF8.GetBytes($"a {i}"));
            b.LogEvent(Encoding.UTF8.GetBytes($"b {i}"));
            await a.FlushAsync(DurabilityLevel.Journaled, TimeSpan.FromSeconds(30));
        }

        List<RecordedEvent> hot = await RecordedEvent.ReplayAsync(first, "ordering", "s");
        await first.ReleaseStoryAsync("ordering", "s");
        await second.ReleaseStoryAsync("ordering", "s");
        await deployment.WaitUntilColdAsync(first, "ordering", "s", 2 * Rounds);
        Assert.That(await RecordedEvent.ReplayAsync(first, "ordering", "s"), Is.EqualTo(hot));
        Assert.That(hot, Has.Count.EqualTo(2 * Rounds));
        Assert.That(hot.Select(each => each.Sequence.EventTime / 1_000_000_000), Is.Ordered);
        Assert.That(
            hot.Where(each => each.Record[0] == 'a').Select(each => each.Record),
            Is.EqualTo(Enumerable.Range(0, Rounds).Select(i => $"a {i}")), "each had arrived before the next was recorded");
        Assert.That(
            Directory.EnumerateFiles(Path.Combine(deployment.ArchiveDirectory, "ordering", "s"), "*.h5"), Is.Not.Empty);

        await first.EditChronicleAttributeAsync("ordering", "collision", "redundancy");
        List<RecordedEvent> all = await RecordedEvent.ReplayAsync(first, "ordering", "s");
        RecordedEvent.AssertOrdered(all);
        Assert.That(all, Is.EquivalentTo(hot));
    }

    [Test]
    public async Task AnEmptyRecordIsAnEvent()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("empty", "record", createChronicle: true);
        story.LogEvent([]);
        story.LogEvent("x"u8);
        Assert.That((await RecordedEvent.ReplayAsync(client, "empty", "record")).Select(each => each.Record), Is.EqualTo(["", "x"]));
        await client.ReleaseStoryAsync("empty", "record");
        await deployment.WaitUntilColdAsync(client, "empty", "record", 2);
        Assert.That((await RecordedEvent.ReplayAsync(client, "empty", "record")).Select(each => each.Record), Is.EqualTo(["", "x"]));
    }

    [Test]
    public async Task DestroyingWhatIsAcquiredIsRefused()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        await using ChronoClient other = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("held", "story", createChronicle: true);
        story.LogEvent("stays"u8);
        Assert.That(await StatusOf(() => other.DestroyStoryAsync("held", "story")), Is.EqualTo(Status.Acquired));
        Assert.That(await StatusOf(() => other.DestroyChronicleAsync("held")), Is.EqualTo(Status.Acquired));
        Assert.That(await StatusOf(() => client.DisconnectAsync()), Is.EqualTo(Status.Acquired), "stories are held");
        Assert.That(await RecordedEvent.ReplayAsync(other, "held", "story"), Has.Count.EqualTo(1));
        await client.ReleaseStoryAsync("held", "story");
        await other.DestroyStoryAsync("held", "story");
        Assert.That(await StatusOf(() => other.ReplayAsync("held", "story")), Is.EqualTo(Status.NotExist));
        await other.DestroyChronicleAsync("held");
        Assert.That(await other.ShowChroniclesAsync(), Has.No.Member("held"));
        await client.DisconnectAsync();
    }

    [Test]
    public async Task ADestroyedStoryLeavesNothingToItsSuccessor()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("again", "same", createChronicle: true);
        story.LogEvent("old"u8);
        await client.ReleaseStoryAsync("again", "same");
        await deployment.WaitUntilColdAsync(client, "again", "same", 1);
        await client.DestroyStoryAsync("again", "same");
        story = await client.AcquireStoryAsync("again", "same");
        story.LogEvent("new"u8);
        Assert.That((await RecordedEvent.ReplayAsync(client, "again", "same")).Select(each => each.Record), Is.EqualTo(["new"]));
        await client.ReleaseStoryAsync("again", "same");
    }

    [Test]
    public async Task AnotherClientReplaysWhatTheFirstAcquired()
    {
        await using ChronoClient first = await deployment.ConnectAsync();
        await using ChronoClient second = await deployment.ConnectAsync();
        StoryHandle story = await first.AcquireStoryAsync("shared", "read", createChronicle: true);
        story.LogEvent("hello"u8);
        Assert.That((await RecordedEvent.ReplayAsync(second, "shared", "read")).Select(each => each.Record), Is.EqualTo(["hello"]));
        await second.AcquireStoryAsync("shared", "read");
        Assert.That(await RecordedEvent.ReplayAsync(second, "shared", "read"), Has.Count.EqualTo(1));
        await second.ReleaseStoryAsync("shared", "read");
        await first.ReleaseStoryAsync("shared", "read");
    }

    [Test]
    public async Task OneClientsReleaseDoesNotStopAnothersRecording()
    {
        await using ChronoClient first = await deployment.ConnectAsync();
        await using ChronoClient second = await deployment.ConnectAsync();
        StoryHandle mine = await first.AcquireStoryAsync("shared", "write", createChronicle: true);
        StoryHandle theirs = await second.AcquireStoryAsync("shared", "write");
        mine.LogEvent("first"u8);
        await first.ReleaseStoryAsync("shared", "write");
        Assert.That(
            Assert.Throws<ChronoLogException>(() => mine.LogEvent("too late"u8))!.Status, Is.EqualTo(Status.NotAcquired));
        for (int i = 0; i < 100; i++)
        {
            theirs.LogEvent(Encoding.UTF8.GetBytes($"second {i}"));
        }

        Assert.That(await RecordedEvent.ReplayAsync(first, "shared", "write"), Has.Count.EqualTo(101));
        await second.ReleaseStoryAsync("shared", "write");
        await deployment.WaitUntilColdAsync(second, "shared", "write", 101);
        Assert.That(await RecordedEvent.ReplayAsync(second, "shared", "write"), Has.Count.EqualTo(101));
    }

    [Test]
    public async Task AcquiringAgainGivesTheSameHandle()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("twice", "acquired", createChronicle: true);
        Assert.That(await client.AcquireStoryAsync("twice", "acquired"), Is.SameAs(story));
        await client.ReleaseStoryAsync("twice", "acquired");
        Assert.That(await StatusOf(() => client.ReleaseStoryAsync("twice", "acquired")), Is.EqualTo(Status.NotAcquired));
    }

    [Test]
    public async Task ErrorsNameTheirCause()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        await client.CreateChronicleAsync("named");
        Assert.That(await StatusOf(() => client.CreateChronicleAsync("named")), Is.EqualTo(Status.ChronicleExists));
        Assert.That(await StatusOf(() => client.CreateChronicleAsync("")), Is.EqualTo(Status.InvalidArgument));
        Assert.That(await StatusOf(() => client.AcquireStoryAsync("nowhere", "story")), Is.EqualTo(Status.NotExist));
        Assert.That(await StatusOf(() => client.DestroyStoryAsync("named", "nothing")), Is.EqualTo(Status.NotExist));
        ChronoLogException wrong = (await Assert.ThrowsAsync<ChronoLogException>(() => client.CreateChronicleAsync(
            "wrong", new Dictionary<string, string> { ["collision"] = "maybe" })))!;
        Assert.That(wrong.Message, Does.Contain("collision").And.Contain("maybe").And.Contain("redundancy"));
    }

    [Test]
    public async Task TenChroniclesOfTenStories()
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        for (int i = 0; i < 10; i++)
        {
            await client.CreateChronicleAsync($"ten {i}");
            for (int j = 0; j < 10; j++)
            {
                (await client.AcquireStoryAsync($"ten {i}", $"story/{j}")).LogEvent(Encoding.UTF8.GetBytes($"{i}.{j}"));
            }
        }

        for (int i = 0; i < 10; i++)
        {
            for (int j = 0; j < 10; j++)
            {
                List<RecordedEvent> events = await RecordedEvent.ReplayAsync(client, $"ten {i}", $"story/{j}");
                Assert.That(events.Select(each => each.Record), Is.EqualTo([$"{i}.{j}"]));
                await client.ReleaseStoryAsync($"ten {i}", $"story/{j}");
                await client.DestroyStoryAsync($"ten {i}", $"story/{j}");
            }

            await client.DestroyChronicleAsync($"ten {i}");
        }
    }

    private static async Task<Status> StatusOf(Func<Task> call) =>
        (await Assert.ThrowsAsync<ChronoLogException>(() => call()))!.Status;
}
