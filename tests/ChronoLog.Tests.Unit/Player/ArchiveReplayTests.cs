using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;
using ChronoLog.Player;
using ChronoLog.Store.Archive;
using ChronoLog.Tests.Unit.Playback;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Player;

/// <summary>Replays with real StoryFiles.</summary>
public sealed class ArchiveReplayTests
{
    private const ulong ChunkTicks = 1_000;
    private string directory = "";
    private ArchiveCatalog? catalog;

    [SetUp]
    public void CreateArchive()
    {
        directory = Directory.CreateTempSubdirectory("chronolog-player-").FullName;
        catalog = ArchiveCatalog.Open(directory);
    }

    [TearDown]
    public void RemoveArchive()
    {
        catalog!.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Files_of_several_generations_and_live_events_replay_as_one(bool readAhead)
    {
        List<TestEvent> events = TestEvent.Series(10_000);
        var fixture = new PlayerFixture(cold: new CatalogColdTier(catalog!));
        for (int chunk = 0; chunk < 8; chunk++)
        {
            List<TestEvent> ofChunk = events.GetRange(chunk * 1_000, 1_000);
            Write((ulong)chunk, ofChunk.Where(e => e.Time % 7 != 3));
            Write((ulong)chunk, ofChunk.Where(e => e.Time % 7 == 3 || e.Time % 100 == 0)); // late ones, and some again
        }

        fixture.Grapher.Events.AddRange(events.GetRange(7_500, 1_000));
        fixture.Keepers[0].Events.AddRange(events.GetRange(8_400, 1_600));

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = readAhead
            ? (Drain(new CatalogColdTier(catalog!, readAhead: true)), [])
            : fixture.Replay(ReadFixture.Request(17, 9_900));

        Assert.That(read, Is.EqualTo(readAhead ? events.Take(8_000) : events.Skip(17).Take(9_883)));
        Assert.That(gaps, Is.Empty);
    }

    [Test]
    public void A_file_that_appears_during_the_life_of_the_player_is_found_without_a_notice()
    {
        var fixture = new PlayerFixture(cold: new CatalogColdTier(catalog!));
        Write(0, TestEvent.Series(10));
        Assert.That(fixture.Replay().Events, Has.Count.EqualTo(10));
        Write(1, TestEvent.Series(10, first: 1_000));
        Assert.That(fixture.Replay().Events, Has.Count.EqualTo(20));
    }

    [Test]
    public void A_damaged_file_is_a_gap_and_the_others_are_given()
    {
        List<TestEvent> events = TestEvent.Series(3_000);
        Write(0, events.Take(1_000));
        string damaged = Write(1, events.Skip(1_000).Take(1_000));
        Write(2, events.Skip(2_000));
        byte[] bytes = File.ReadAllBytes(damaged);
        bytes[^100] ^= 1;
        File.WriteAllBytes(damaged, bytes);
        var fixture = new PlayerFixture(cold: new CatalogColdTier(catalog!));

        (List<TestEvent> read, IReadOnlyList<Gap> gaps) = fixture.Replay();

        Assert.That(read.Where(e => e.Time / 1_000 != 1), Is.EqualTo(events.Where(e => e.Time / 1_000 != 1)));
        Assert.That(read, Is.SubsetOf(events));
        Assert.That(gaps, Has.Count.EqualTo(1));
        Assert.That(gaps[0].StartTime, Is.GreaterThanOrEqualTo(1_000));
        Assert.That(gaps[0].EndTime, Is.LessThanOrEqualTo(2_000));
        Assert.That(gaps[0].Reason, Does.Contain(damaged));
    }

    [Test]
    public void Tallies_count_what_the_headers_say()
    {
        var tier = new CatalogColdTier(catalog!);
        Assert.That(tier.Tally(PlayerFixture.Story), Is.EqualTo(default(ColdTally)));
        string path = Write(0, TestEvent.Series(10));
        tier.Appeared(path);
        ColdTally tally = tier.Tally(PlayerFixture.Story);
        Assert.That((tally.Events, tally.Files, tally.DamagedFiles), Is.EqualTo((10L, 1, 0)));
        catalog!.Root.DestroyStory(new("c", "s"));
        tier.Destroyed(PlayerFixture.Story);
        Assert.That(tier.Tally(PlayerFixture.Story).Files, Is.Zero);
    }

    private string Write(ulong chunk, IEnumerable<TestEvent> events)
    {
        EventRun run = TestEvent.ToRun(events);
        using PosixDirectory story = catalog!.Root.CreateStory(new("c", "s"));
        StoryFileName name = new StoryFileWriter().Write(story, new StoryFileContent
        {
            Chronicle = "c",
            Story = "s",
            StoryId = StoryIdentity.Hash("c", "s"),
            StartTime = chunk * ChunkTicks,
            EndTime = (chunk + 1) * ChunkTicks,
            EventCount = run.Count,
            RecordBytes = run.RecordBytes,
            Open = () => MergeCursor.Over([run]),
        });
        run.Release();
        return Path.Combine(story.Path, name.ToString());
    }

    // The chains alone, each with its thread hops, merged by hand.
    private static List<TestEvent> Drain(CatalogColdTier tier)
    {
        var events = new List<TestEvent>();
        foreach (IReadSource source in tier.OpenSources(PlayerFixture.Story, 0, ulong.MaxValue))
        {
            events.AddRange(ReadFixture.Drain(source).AsTask().GetAwaiter().GetResult());
            source.DisposeAsync().AsTask().Wait();
        }

        return TestEvent.Model(events);
    }
}
