using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Store.Journal;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Keeper;

/// <summary>Arrival stamps: who gets them, and that they outlive the process.</summary>
internal sealed class ArrivalTests
{
    private const ulong Now = KeeperHarness.Start;

    private string root = "";

    [SetUp]
    public void SetUp() => root = Directory.CreateTempSubdirectory("chronolog-arrival-").FullName;

    [TearDown]
    public void TearDown() => Directory.Delete(root, recursive: true);

    [Test]
    public void EventsOfAnOrderedStoryAreStampedInTheOrderOfTheirArrivalAndOthersAreNot()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        StoryDescriptor ordered = Start(keeper, "ordered", "ordering");
        StoryDescriptor plain = Start(keeper, "plain", "redundancy");
        FakeRing ring = keeper.OpenRing();
        FakeRing other = keeper.OpenRing(client: 6);
        ring.Record(ordered.StoryId, Now + 900, 0, "late tick, first to come");
        ring.Record(plain.StoryId, Now + 1, 1, "plain");
        ring.Record(ordered.StoryId, Now + 100, 2, "");
        keeper.Cycle();
        other.Record(ordered.StoryId, Now + 50, 0, "early tick, last to come");
        keeper.Cycle();

        List<(string Record, ulong Arrival)> read = Read(keeper, ordered);

        Assert.That(
            read.OrderBy(each => each.Arrival).Select(each => each.Record),
            Is.EqualTo(["late tick, first to come", "", "early tick, last to come"]));
        Assert.That(read.Select(each => each.Arrival), Is.All.GreaterThanOrEqualTo(Now));
        Assert.That(read.Select(each => each.Arrival), Is.Unique);
        Assert.That(Read(keeper, plain), Is.EqualTo(new[] { ("plain", 0UL) }));
    }

    [Test]
    public void APlainReadGivesNoStamps()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        StoryDescriptor ordered = Start(keeper, "ordered", "ordering");
        keeper.OpenRing().Record(ordered.StoryId, Now, 0, "a");
        keeper.Cycle();

        Assert.That(HotReader.Read(keeper, "ordered"), Is.EqualTo(["a"]));
        Assert.That(Read(keeper, ordered, withArrivals: false), Is.EqualTo(new[] { ("a", 0UL) }));
    }

    [Test]
    public void AfterTheAttributeIsSetNewEventsAreStampedAndOldOnesStayAsTheyAre()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        StoryDescriptor story = Start(keeper, "s", "redundancy");
        FakeRing ring = keeper.OpenRing();
        ring.Record(story.StoryId, Now + 5, 0, "before");
        keeper.Cycle();
        Start(keeper, "s", "ordering");
        ring.Record(story.StoryId, Now + 1, 1, "after");
        keeper.Cycle();

        Dictionary<string, ulong> read = Read(keeper, story).ToDictionary(each => each.Record, each => each.Arrival);

        Assert.That(read["before"], Is.Zero);
        Assert.That(read["after"], Is.GreaterThanOrEqualTo(Now));
    }

    [Test]
    public void AStampedBatchEndsWhereItsFramesDo()
    {
        using KeeperHarness keeper = new KeeperHarness().Started();
        StoryDescriptor ordered = Start(keeper, "ordered", "ordering");
        FakeRing ring = keeper.OpenRing();
        ring.Record(ordered.StoryId, Now, 0, "whole");
        ring.RecordRaw([5, 0, 0, 0, 0, 0, 0, 0]);
        keeper.Cycle();

        Assert.That(Read(keeper, ordered).Select(each => each.Record), Is.EqualTo(["whole"]));
        Assert.That(ring.IsClosed, Is.True, "what follows is no frame");
    }

    [Test]
    public void StampsAreInTheJournalAndTheSameAfterARestart()
    {
        string directory = Path.Combine(root, "journal");
        List<(string, ulong)> before;
        StoryDescriptor ordered;
        using (var journal = new SegmentJournal(new JournalOptions { Directory = directory }))
        {
            using var keeper = new KeeperHarness(realJournal: journal);
            keeper.Started();
            ordered = Start(keeper, "ordered", "ordering");
            FakeRing ring = keeper.OpenRing();
            for (uint i = 0; i < 50; i++)
            {
                ring.Record(ordered.StoryId, Now + (50 - i), i, $"event {i}");
            }

            keeper.Cycle();
            before = Read(keeper, ordered);
            Copy(directory, directory + "-copy");
        }

        using var recovered = new SegmentJournal(new JournalOptions { Directory = directory + "-copy" });
        using var next = new KeeperHarness(realJournal: recovered);
        next.Started();
        Start(next, "ordered", "ordering");

        Assert.That(Read(next, ordered), Is.EqualTo(before));
        Assert.That(before.Select(each => each.Item2), Is.Unique);
        Assert.That(before.Select(each => each.Item2), Is.All.Positive);
        next.OpenRing(client: 9).Record(ordered.StoryId, Now, 0, "new");
        next.Cycle();
        Assert.That(
            Read(next, ordered).MaxBy(each => each.Arrival).Record, Is.EqualTo("new"), "stamps go on behind the old ones");
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from).Where(file => Path.GetFileName(file) != "lock"))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    private static StoryDescriptor Start(KeeperHarness keeper, string name, string collision)
    {
        StoryDescriptor story = KeeperHarness.Story(name);
        story.Attributes["collision"] = collision;
        keeper.CallAdmin(Methods.StartStoryRecording, new StartStoryRecordingRequest { Story = story });
        return story;
    }

    private static List<(string Record, ulong Arrival)> Read(
        KeeperHarness keeper, StoryDescriptor story, bool withArrivals = true)
    {
        var request = new OpenReadRequest
        {
            Story = story, EndTime = ulong.MaxValue, ClientId = 1, WithArrivals = withArrivals,
        };
        Task<List<(string, ulong)>> read = keeper.Strand.InvokeAsync(() => ReadAsync(keeper, request));
        for (int i = 0; i < 2000 && !read.IsCompleted; i++)
        {
            keeper.Cycle();
        }

        return read.GetAwaiter().GetResult();
    }

    private static async ValueTask<List<(string, ulong)>> ReadAsync(KeeperHarness keeper, OpenReadRequest request)
    {
        var events = new List<(string, ulong)>();
        await using RemoteReadSource source = await RemoteReadSource.OpenAsync(
            keeper.Rpc.Open("tcp://keeper:2"), keeper.Network.NewEndpoint("player"), keeper.Pump.Timers, request);
        while (await source.NextAsync(CancellationToken.None) is { } run)
        {
            foreach (EventEntry entry in run.Entries.ToArray())
            {
                events.Add((System.Text.Encoding.UTF8.GetString(entry.LogRecord), entry.Arrival));
            }

            run.Release();
        }

        return events;
    }
}
