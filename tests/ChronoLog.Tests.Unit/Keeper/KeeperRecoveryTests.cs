using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Keeper;
using ChronoLog.Store.Journal;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Keeper;

/// <summary>A Keeper is killed, and another one starts on a copy of its journal and with its rings.</summary>
internal sealed class KeeperRecoveryTests
{
    private const ulong Now = KeeperHarness.Start;

    private readonly List<SegmentJournal> journals = [];
    private string root = "";

    [SetUp]
    public void SetUp() => root = Directory.CreateTempSubdirectory("chronolog-keeper-").FullName;

    [TearDown]
    public void TearDown()
    {
        journals.ForEach(journal => journal.Dispose());
        journals.Clear();
        Directory.Delete(root, recursive: true);
    }

    [Test]
    public void RecoveredEventsAreReadDrainedAndDeletedAsAnyOthers()
    {
        using KeeperHarness killed = Killed(out _, ("a", 50), ("b", 20));
        using KeeperHarness keeper = Next(killed).Started();
        keeper.StartStory("a");
        Assert.That(HotReader.Read(keeper, "a"), Is.EqualTo(Records("a", 50)));
        Assert.That(HotReader.Read(keeper, "b"), Is.EqualTo(Records("b", 20)), "before anybody named it");

        keeper.StartStory("b");
        keeper.Pass(TimeSpan.FromSeconds(4));

        Assert.That(
            keeper.Extractor.Chunks.SelectMany(chunk => chunk.Records),
            Is.EquivalentTo(Records("a", 50).Concat(Records("b", 20))));
        Assert.That(keeper.Extractor.Chunks.Select(chunk => chunk.Identity.Epoch), Is.All.EqualTo(42));
        Assert.That(Segments(1), Is.Not.Empty);
        keeper.Archive([.. keeper.Extractor.Chunks.Select(chunk => chunk.Identity)]);
        keeper.Cycle();
        Assert.That(JournalReader.Scan(journals[1].Directory).Sum(scan => scan.Batches.Count), Is.Zero);
    }

    [Test]
    public void TheLogAndTheStatisticsSayWhatWasRecovered()
    {
        using KeeperHarness killed = Killed(out _, ("a", 50), ("b", 20));
        using KeeperHarness keeper = Next(killed).Started();
        keeper.Pass(TimeSpan.FromMilliseconds(300));

        var values = keeper.LastHeartbeat!.Statistics;
        Assert.That(values["recovered_events"], Is.EqualTo(70));
        Assert.That(values["recovered_stories"], Is.EqualTo(2));
        Assert.That(values["recovered_segments"], Is.EqualTo(1));
        Assert.That(values["recovered_rings"], Is.Zero);
    }

    [Test]
    public void TheNextProcessIsTheSameToClientsAndAnotherEpoch()
    {
        using KeeperHarness killed = Killed(out _, ("a", 1));
        using KeeperHarness keeper = Next(killed).Started();
        Assert.That(keeper.LastRegistered!.ProcessId, Is.EqualTo(17), "as the Visor had named the killed one");
        Assert.That(keeper.Rings.ProcessId, Is.EqualTo(17));
    }

    [Test]
    public void StoriesThatNobodyHoldsAreNamedByTheVisorAndDrain()
    {
        using KeeperHarness killed = Killed(out _, ("a", 3), ("gone", 2));
        using KeeperHarness keeper = Next(killed);
        keeper.Answer = (request, reply) =>
        {
            foreach (ulong id in request.UnnamedStories)
            {
                if (id == KeeperHarness.Story("a").StoryId)
                {
                    reply.NamedStories.Add(KeeperHarness.Story("a"));
                }
                else
                {
                    reply.GoneStories.Add(id);
                }
            }
        };
        keeper.Started().Pass(TimeSpan.FromSeconds(4));

        Assert.That(keeper.Extractor.Chunks.SelectMany(chunk => chunk.Records), Is.EqualTo(Records("a", 3)));
        Assert.That(HotReader.Read(keeper, "gone"), Is.Empty, "it was destroyed meanwhile");
        Assert.That(keeper.LastHeartbeat!.UnnamedStories, Is.Empty);
        keeper.Archive([.. keeper.Extractor.Chunks.Select(chunk => chunk.Identity)]);
        keeper.Pass(TimeSpan.FromSeconds(1));
        Assert.That(keeper.LastHeartbeat.Stories, Is.Empty, "nobody records it: it is dismantled");
        Assert.That(JournalReader.Scan(journals[1].Directory).Sum(scan => scan.Batches.Count), Is.Zero);
    }

    [Test]
    public void AStoryThatIsRecordedIsNotDroppedByAnAnswerFromBefore()
    {
        using KeeperHarness killed = Killed(out _, ("a", 3));
        using KeeperHarness keeper = Next(killed).Started();
        keeper.StartStory("a");
        keeper.Answer = (_, reply) => reply.GoneStories.Add(KeeperHarness.Story("a").StoryId);
        keeper.Pass(TimeSpan.FromMilliseconds(300));
        Assert.That(HotReader.Read(keeper, "a"), Is.EqualTo(Records("a", 3)));
    }

    [Test]
    public void MoreRecoveredStoriesThanMayBeUnknownAreNoReasonToRefuseAnything()
    {
        using KeeperHarness killed = Killed(out _, ("a", 1), ("b", 1), ("c", 1));
        using KeeperHarness keeper = Next(killed, options => options with { UnknownStoriesMax = 1 }).Started();
        Assert.That(HotReader.Read(keeper, "c"), Is.EqualTo(Records("c", 1)));
        FakeRing ring = keeper.OpenRing();
        ring.Record(KeeperHarness.Story("d").StoryId, Now, 0, "one unknown story is allowed");
        keeper.Cycle();
        Assert.That(ring.Consumed, Is.EqualTo(ring.Tail));
        Assert.That(ring.IsClosed, Is.False);
    }

    [Test]
    public void ProgressStatesThatEventsOfUnnamedStoriesAreStillHere()
    {
        using KeeperHarness killed = Killed(out _, ("a", 3));
        using KeeperHarness keeper = Next(killed).Started();
        keeper.Pass(TimeSpan.FromSeconds(5));
        StoryProgress progress = keeper.LastProgress!.Stories.Single();
        Assert.That(progress.StoryId, Is.EqualTo(KeeperHarness.Story("a").StoryId));
        Assert.That(progress.DrainedThrough, Is.LessThanOrEqualTo(Now));
    }

    [Test]
    public void RingsGoOnBehindWhatTheJournalHas()
    {
        using KeeperHarness killed = Killed(out FakeRing ring, ("a", 3));
        long journaled = ring.Consumed;
        ring.Record(KeeperHarness.Story("a").StoryId, Now + 100, 100, "in the ring");
        using KeeperHarness keeper = Next(killed);
        keeper.Rings.Left.Add(new ReattachedRing(ring, 100, 17));
        keeper.Started().Cycle();

        Assert.That(keeper.Rings.Journaled, Is.EquivalentTo(
            new Dictionary<ulong, long> { [ring.RingId] = journaled }));
        Assert.That(HotReader.Read(keeper, "a"), Is.EqualTo(Records("a", 3).Append("in the ring")));
        Assert.That(ring.Consumed, Is.EqualTo(ring.Tail));
        keeper.Pass(TimeSpan.FromMilliseconds(300));
        Assert.That(ring.Durable, Is.EqualTo(ring.Tail));
        Assert.That(keeper.LastHeartbeat!.Statistics["recovered_rings"], Is.EqualTo(1));

        // The same client asks for a ring, and gets the one it has.
        keeper.Call("tcp://keeper:1", Methods.OpenRing, new OpenRingRequest { ClientId = 5, Host = "here", Pid = 100 });
        Assert.That(keeper.Rings.Rings, Is.Empty);
        ring.ProducerAlive = false;
        keeper.Pass(TimeSpan.FromSeconds(1));
        Assert.That(ring.IsDisposed, Is.True, "its client died");
    }

    [Test]
    public void AClientThatWaitsForItsSyncHearsOfItThoughNothingNewComes()
    {
        using KeeperHarness killed = Killed(out FakeRing ring, ("a", 3));
        ring.PublishDurable(0); // killed before it was published
        using KeeperHarness keeper = Next(killed);
        keeper.Rings.Left.Add(new ReattachedRing(ring, 100, 17));
        keeper.Started().Pass(TimeSpan.FromMilliseconds(100));
        Assert.That(ring.Durable, Is.EqualTo(ring.Tail));
    }

    [Test]
    public void ARingThatWasClosedBeforeIsDrainedAndRemovedThoughItsClientLives()
    {
        using KeeperHarness killed = Killed(out FakeRing ring, ("a", 3));
        ring.Record(KeeperHarness.Story("a").StoryId, Now + 100, 100, "the last one");
        using KeeperHarness keeper = Next(killed);
        keeper.Rings.Left.Add(new ReattachedRing(ring, 100, 17, IsClosed: true));
        keeper.Started().Pass(TimeSpan.FromSeconds(1));
        Assert.That(ring.IsDisposed, Is.True);
        Assert.That(HotReader.Read(keeper, "a"), Is.EqualTo(Records("a", 3).Append("the last one")));
    }

    [Test]
    public void WhatARingHoldsAtTheEndIsLeftInIt()
    {
        FakeRing ring;
        using (KeeperHarness keeper = new KeeperHarness().Started())
        {
            ring = keeper.OpenRing();
            keeper.Ingests = false;
            ring.Record(1, Now, 0, "not taken");
        }

        Assert.That(ring.IsLeft, Is.True);
        Assert.That(ring.IsDisposed, Is.False);
    }

    [Test]
    public void ANewRingNeverHasTheNumberOfAnEarlierOne()
    {
        using KeeperHarness killed = Killed(out FakeRing ring, ("a", 3));
        using KeeperHarness keeper = Next(killed);
        keeper.Rings.Left.Add(new ReattachedRing(ring, 100, 17));
        keeper.Started();
        Assert.That(keeper.OpenRing(client: 6).RingId, Is.Not.EqualTo(ring.RingId));
    }

    private static List<string> Records(string story, int count) =>
        [.. Enumerable.Range(0, count).Select(number => $"{story} {number}")];

    private string[] Segments(int journal) => Directory.GetFiles(journals[journal].Directory, "segment-*");

    private SegmentJournal Open(string name)
    {
        var journal = new SegmentJournal(new JournalOptions
        {
            Directory = Path.Combine(root, name), SegmentBytes = 64 << 10, QuotaBytes = 1 << 20,
        });
        journals.Add(journal);
        return journal;
    }

    /// <summary>A Keeper that took events into its journal; what it does from now on does not count any more.</summary>
    private KeeperHarness Killed(out FakeRing ring, params (string Story, int Events)[] stories)
    {
        KeeperHarness keeper = new KeeperHarness(realJournal: Open("killed")).Started();
        ring = keeper.OpenRing();
        foreach ((string story, int events) in stories)
        {
            ulong id = keeper.StartStory(story);
            for (int i = 0; i < events; i++)
            {
                ring.Record(id, Now + (ulong)i, (uint)i, $"{story} {i}");
            }
        }

        keeper.Pass(TimeSpan.FromMilliseconds(100));
        return keeper;
    }

    private KeeperHarness Next(KeeperHarness killed, Func<KeeperOptions, KeeperOptions>? change = null)
    {
        Assert.That(killed.Extractor.Chunks, Is.Empty);
        string copy = Path.Combine(root, "next");
        Directory.CreateDirectory(copy);
        foreach (string file in Segments(0))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return new KeeperHarness(change, realJournal: Open("next"));
    }
}
