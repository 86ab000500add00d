using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Keeper;

/// <summary>What the journal still holds is announced once more, when the Grapher lost the StoryFile that had it.</summary>
internal sealed class JournalRecallTests
{
    private const ulong Now = KeeperHarness.Start;

    [Test]
    public void EventsOfTheRangeThatWereArchivedAreAnnouncedUnderANewIdentity()
    {
        using KeeperHarness keeper = Archived(out FakeRing ring, "x", "y");
        ring.Record(keeper.StartStory("other"), Now, 9, "another story's");
        keeper.Cycle();
        Assert.That(Recall(keeper, "a", Now, Now + 1), Is.EqualTo(1), "[Now, Now + 1) has one of the two");
        Assert.That(Recall(keeper, "a", Now, Now + 10), Is.EqualTo(2));
        keeper.Pass(TimeSpan.FromSeconds(3));

        Assert.That(keeper.Extractor.Chunks.Skip(1).Where(chunk => chunk.Records.Contains("y")).SelectMany(
            chunk => chunk.Records).Distinct(), Is.EquivalentTo(new[] { "x", "y" }));
        Assert.That(keeper.Extractor.Chunks.Select(chunk => chunk.Identity.Sequence), Is.Unique);
        Assert.That(keeper.LastHeartbeat!.Statistics["recalled_events"], Is.EqualTo(3));
    }

    [Test]
    public void WhatTheJournalDeletedIsNotFound()
    {
        using KeeperHarness keeper = Archived(out _, "x");
        keeper.Journal.Rotate();
        keeper.Cycle();
        Assert.That(keeper.Journal.SegmentsDeleted, Is.EqualTo(1));
        Assert.That(Recall(keeper, "a", 0, ulong.MaxValue), Is.Zero);
    }

    [Test]
    public void AStoryThatNobodyHoldsIsNamedByTheVisorFirst()
    {
        using KeeperHarness keeper = Archived(out _, "x");
        keeper.CallAdmin(
            Methods.StopStoryRecording, new StopStoryRecordingRequest { StoryId = KeeperHarness.Story("a").StoryId });
        keeper.Pass(TimeSpan.FromSeconds(3));
        Assert.That(Recall(keeper, "a", 0, ulong.MaxValue), Is.EqualTo(1));
        keeper.Answer = (request, reply) => reply.NamedStories.AddRange(
            request.UnnamedStories.Where(id => id == KeeperHarness.Story("a").StoryId).Select(_ => KeeperHarness.Story("a")));
        keeper.Pass(TimeSpan.FromSeconds(3));
        Assert.That(keeper.Extractor.Chunks, Has.Count.EqualTo(2));
        Assert.That(keeper.Extractor.Chunks[1].Records, Is.EqualTo(new[] { "x" }));
    }

    [Test]
    public void WhatWasDestroyedDoesNotComeBack()
    {
        using KeeperHarness keeper = Archived(out _, "destroyed");
        Assert.That(Recall(keeper, "a", 0, ulong.MaxValue), Is.EqualTo(1));
        keeper.CallAdmin(Methods.DestroyStoryData, new DestroyStoryRequest { Story = KeeperHarness.Story("a") });
        Assert.That(Recall(keeper, "a", 0, ulong.MaxValue), Is.Zero);
    }

    [TestCase(0UL, 1UL, 2UL)]
    [TestCase(1UL, 5UL, 5UL)]
    [TestCase(1UL, 6UL, 5UL)]
    public void NonsenseIsRefused(ulong story, ulong start, ulong end)
    {
        using KeeperHarness keeper = Archived(out _, "x");
        var request = new RecallRequest { StoryId = story, StartTime = start, EndTime = end };
        Assert.That(
            () => keeper.CallAdmin(Methods.Recall, request),
            Throws.TypeOf<ChronoLogException>().With.Property(nameof(ChronoLogException.Status))
                .EqualTo(Status.InvalidArgument));
    }

    private static ulong Recall(KeeperHarness keeper, string story, ulong start, ulong end) => keeper.CallAdmin(
        Methods.Recall,
        new RecallRequest { StoryId = KeeperHarness.Story(story).StoryId, StartTime = start, EndTime = end }).Events;

    // Handed over, archived, let go of; the active segment is still there.
    private static KeeperHarness Archived(out FakeRing ring, params string[] records)
    {
        KeeperHarness keeper = new KeeperHarness().Started();
        ulong id = keeper.StartStory("a");
        ring = keeper.OpenRing();
        for (int i = 0; i < records.Length; i++)
        {
            ring.Record(id, Now + (ulong)i, (uint)i, records[i]);
        }

        keeper.Cycle();
        keeper.Pass(TimeSpan.FromSeconds(3));
        keeper.Archive(keeper.Extractor.Chunks.Single().Identity.Clone());
        Assert.That(keeper.Role.ChunksNotArchived, Is.Zero);
        return keeper;
    }
}
