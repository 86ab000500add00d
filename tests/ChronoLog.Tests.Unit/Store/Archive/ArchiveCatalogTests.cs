using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Store.Archive;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Store.Archive;

[TestFixture]
public class ArchiveCatalogTests
{
    private ArchiveSandbox sandbox = null!;
    private Random random = null!;

    [SetUp]
    public void SetUp()
    {
        sandbox = new ArchiveSandbox();
        random = new Random(41);
    }

    [TearDown]
    public void TearDown() => sandbox.Dispose();

    [Test]
    public void Files_are_listed_by_time_and_found_by_range()
    {
        foreach (ulong start in new ulong[] { 300, 100, 200, 100 })
        {
            Write(10, start, start + 100);
        }

        using ArchiveCatalog catalog = ArchiveCatalog.Open(sandbox.Path);
        StoryListing listing = Find(catalog);

        Assert.That(listing.Files.Select(f => f.Name), Is.EqualTo(new StoryFileName[]
        {
            new(100, 200, 0), new(100, 200, 1), new(200, 300, 0), new(300, 400, 0),
        }));
        Assert.That(listing.Overlapping(200, 300).Select(f => f.Name.StartTime), Is.EqualTo(new ulong[] { 200 }));
        Assert.That(listing.Overlapping(199, 301), Has.Count.EqualTo(4));
        Assert.That(listing.Overlapping(400, 500), Is.Empty);
        Assert.That(listing.CountEvents(), Is.EqualTo(40));
        Assert.That(StoryListing.Chains(listing.Files), Has.Count.EqualTo(2));
    }

    [Test]
    public void A_new_file_is_found_by_notice_and_by_looking_again()
    {
        using ArchiveCatalog catalog = ArchiveCatalog.Open(sandbox.Path);
        Assert.That(Find(catalog).Files, Is.Empty);

        Assert.That(catalog.Notice(Write(1, 100, 200)), Is.True);
        Assert.That(catalog.FindKnown(ArchiveSandbox.Name)!.Files, Has.Count.EqualTo(1));
        StoryListing before = Find(catalog);
        Write(1, 200, 300);

        Assert.That(Find(catalog).Files, Has.Count.EqualTo(2));
        Assert.That(before.Files, Has.Count.EqualTo(1), "a listing is a snapshot");
        Assert.That(catalog.Notice("/etc/passwd"), Is.False);
        string outside = System.IO.Path.Combine(sandbox.Path, "..", "x", "y", new StoryFileName(1, 2, 0).ToString());
        Assert.That(catalog.Notice(outside), Is.False);
        Assert.That(catalog.Find(new("no", "such")), Is.Null);
    }

    [Test]
    public void A_story_that_appears_later_is_found()
    {
        using ArchiveCatalog catalog = ArchiveCatalog.Open(sandbox.Path);
        sandbox.Root.CreateStory(new("later", "s")).Dispose();

        Assert.That(catalog.Find(new("later", "s")), Is.Not.Null);
        catalog.Refresh();
        Assert.That(catalog.Stories, Has.Count.EqualTo(2));
    }

    [Test]
    public void Damaged_foreign_and_misplaced_files_are_set_aside_and_named()
    {
        string sound = Write(10, 100, 200);
        string damaged = Write(10, 200, 300);
        File.WriteAllBytes(damaged, File.ReadAllBytes(damaged)[..5000]);
        string misplaced = System.IO.Path.Combine(
            sandbox.StoryDirectory.Path, new StoryFileName(300, 400, 0).ToString());
        File.Copy(sound, misplaced);
        File.WriteAllText(System.IO.Path.Combine(sandbox.StoryDirectory.Path, "notes.txt"), "hello");

        using ArchiveCatalog catalog = ArchiveCatalog.Open(sandbox.Path);
        StoryListing listing = Find(catalog);
        List<ModelEvent> events = [];
        List<Gap> gaps = [];
        foreach (IReadSource source in catalog.OpenSources(ArchiveSandbox.Name, 150, 350))
        {
            events.AddRange(Drain(source));
            gaps.AddRange(source.Gaps);
        }

        Assert.That(listing.Files, Has.Count.EqualTo(3));
        Assert.That(listing.Foreign, Is.EqualTo(new[] { "notes.txt" }));
        Assert.That(
            gaps.Select(g => (g.StartTime, g.EndTime)),
            Is.EqualTo(new (ulong, ulong)[] { (200, 300), (300, 350) }));
        Assert.That(gaps[0].Reason, Does.Contain(damaged));
        Assert.That(gaps[1].Reason, Does.Contain("out of its place"));
        Assert.That(events, Has.All.Matches<ModelEvent>(e => e!.Sequence.EventTime is >= 150 and < 200));
        Assert.That(ArchiveInspector.Verify(sandbox.Path).Findings, Has.Count.EqualTo(3));
        Assert.That(
            ArchiveInspector.List(sandbox.Path).Select(f => f.Damage is null),
            Is.EqualTo(new[] { true, false, false, false }));
    }

    [Test]
    public void A_restored_file_is_used_again()
    {
        string path = Write(10, 100, 200);
        byte[] sound = File.ReadAllBytes(path);
        File.WriteAllBytes(path, sound[..100]);
        using ArchiveCatalog catalog = ArchiveCatalog.Open(sandbox.Path);
        Assert.That(Find(catalog).CountEvents(), Is.Zero);

        File.WriteAllBytes(path + ".copy", sound);
        File.Move(path + ".copy", path, overwrite: true);

        Assert.That(Find(catalog).CountEvents(), Is.EqualTo(10));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Sources_together_give_everything_in_the_range(bool readAhead)
    {
        var all = new List<ModelEvent>();
        (ulong, ulong)[] ranges = [(0, 1000), (1000, 2000), (500, 1500), (0, 1000), (2000, 9000)];
        foreach ((ulong start, ulong end) in ranges)
        {
            List<ModelEvent> events = ArchiveSandbox.RandomEvents(random, 3000, start, end, 10);
            all.AddRange(events.Select(e => e with { Sequence = e.Sequence with { ClientId = (ulong)all.Count + 1 } }));
            sandbox.Write(all[^3000..], start, end);
        }

        using ArchiveCatalog catalog = ArchiveCatalog.Open(sandbox.Path);
        IReadOnlyList<IReadSource> sources =
            catalog.OpenSources(ArchiveSandbox.Name, 250, 5000, readAhead);
        List<List<ModelEvent>> parts = [.. sources.Select(Drain)];

        Assert.That(parts, Has.Count.EqualTo(3), "as many chains as files that overlap at once");
        foreach (List<ModelEvent> part in parts)
        {
            Assert.That(part.Select(e => e.Sequence), Is.Ordered);
        }

        ArchiveSandbox.AssertEqual(
            [.. parts.SelectMany(part => part).OrderBy(e => e.Sequence)],
            all.Where(e => e.Sequence.EventTime is >= 250 and < 5000).OrderBy(e => e.Sequence));
    }

    [Test]
    public async Task A_source_may_be_left_in_the_middle()
    {
        string path = Write(10_000, 100, 200);
        using ArchiveCatalog catalog = ArchiveCatalog.Open(sandbox.Path);
        IReadSource source = catalog.OpenSources(ArchiveSandbox.Name, 0, 1000).Single();
        EventRun run = (await source.NextAsync(default))!;
        PayloadBlock block = run.Blocks[0];

        run.Release();
        await source.DisposeAsync();

        Assert.That(block.References, Is.Zero, path);
    }

    [Test]
    public void A_destroyed_story_is_gone_and_can_come_again()
    {
        Write(10, 100, 200);
        sandbox.Root.CreateStory(new(ArchiveSandbox.Chronicle, "other")).Dispose();
        using ArchiveCatalog catalog = ArchiveCatalog.Open(sandbox.Path);

        Assert.That(catalog.DestroyStory(ArchiveSandbox.Name), Is.True);
        Assert.That(catalog.DestroyStory(ArchiveSandbox.Name), Is.False);

        Assert.That(catalog.Find(ArchiveSandbox.Name), Is.Null);
        Assert.That(catalog.Stories, Has.Count.EqualTo(1));
        sandbox.Root.CreateStory(ArchiveSandbox.Name).Dispose();
        Assert.That(Find(catalog).Files, Is.Empty);
        Assert.That(catalog.DestroyStory(new(ArchiveSandbox.Chronicle, "other")), Is.True);
        Assert.That(catalog.DestroyStory(ArchiveSandbox.Name), Is.True);
        Assert.That(
            Directory.GetFileSystemEntries(sandbox.Path), Is.Empty,
            "the chronicle's directory goes with its last story");
    }

    [Test]
    public void A_half_destroyed_story_is_removed_at_the_next_start()
    {
        string chronicle = System.IO.Path.GetDirectoryName(sandbox.StoryDirectory.Path)!;
        Directory.CreateDirectory(System.IO.Path.Combine(chronicle, ".destroyed-0-x"));
        File.WriteAllText(System.IO.Path.Combine(chronicle, ".destroyed-0-x", "file"), "");

        Assert.That(sandbox.Root.CleanLeftovers(), Is.EqualTo(1));
        Assert.That(Directory.GetFileSystemEntries(chronicle), Has.Length.EqualTo(1));
    }

    [Test]
    public void Partials_are_found_again()
    {
        Write(10, 100, 200);
        using ArchiveCatalog catalog = ArchiveCatalog.Open(sandbox.Path);

        bool Contains(PartialKey key) =>
            catalog.ContainsPartial(ArchiveSandbox.Name, key, 100, 200);

        Assert.That(Contains(new PartialKey(9, 2, 5)), Is.True);
        Assert.That(Contains(new PartialKey(9, 2, 6)), Is.False);
    }

    private static StoryListing Find(ArchiveCatalog catalog) =>
        catalog.Find(ArchiveSandbox.Name)!;

    private static List<ModelEvent> Drain(IReadSource source)
    {
        var events = new List<ModelEvent>();
        while (source.NextAsync(default).AsTask().GetAwaiter().GetResult() is { } run)
        {
            events.AddRange(ArchiveSandbox.ReadAll([run]));
        }

        Assert.That(source.NextAsync(default).AsTask().GetAwaiter().GetResult(), Is.Null);
        source.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return events;
    }

    private string Write(int count, ulong start, ulong end) =>
        sandbox.Write(ArchiveSandbox.RandomEvents(random, count, start, end, 20), start, end);
}
