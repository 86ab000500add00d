using ChronoLog.Core.Chunk;
using ChronoLog.Interop.Posix;
using ChronoLog.Store.Archive;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Store.Archive;

[TestFixture]
public class StoryFileWriterTests
{
    private ArchiveSandbox sandbox = null!;
    private StoryChunk chunk = null!;

    [SetUp]
    public void SetUp()
    {
        sandbox = new ArchiveSandbox();
        chunk = ArchiveSandbox.ChunkOf(ArchiveSandbox.RandomEvents(new Random(31), 2000, 100, 200, 30), 100, 200);
    }

    [TearDown]
    public void TearDown()
    {
        chunk.Release();
        sandbox.Dispose();
    }

    [TestCase(0, 0)]
    [TestCase(2, 2)]
    [TestCase(7, 3, Description = "copies that were dropped came late too")]
    public void A_file_says_how_many_of_its_events_came_late(long late, long said)
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(1), 3, 1000, 2000, 10);
        StoryChunk small = ArchiveSandbox.ChunkOf(events, 1000, 2000);
        StoryFileContent content = ArchiveSandbox.ContentOf(small) with { LateEvents = late };
        StoryFileName name = new StoryFileWriter().Write(sandbox.StoryDirectory, content);
        small.Release();
        string path = Path.Combine(sandbox.StoryDirectory.Path, name.ToString());
        using StoryFile file = StoryFile.Open(path);
        Assert.That(file.Header.LateEvents, Is.EqualTo(said));
        Assert.That(ArchiveInspector.Verify(path).Findings, Is.Empty, "the attribute says the same");
    }

    [Test]
    public void Nothing_is_visible_before_the_file_is_complete()
    {
        string[]? during = null;
        StoryFileContent content = ArchiveSandbox.ContentOf(chunk) with
        {
            Open = () =>
            {
                during = sandbox.FilesVisible();
                return chunk.OpenMerge();
            },
        };

        new StoryFileWriter().Write(sandbox.StoryDirectory, content);

        Assert.That(during, Is.Empty);
        Assert.That(sandbox.FilesVisible(), Has.Length.EqualTo(1));
    }

    [Test]
    public void A_writer_that_fails_leaves_nothing()
    {
        StoryFileContent content = ArchiveSandbox.ContentOf(chunk) with { Open = () => throw new IOException("gone") };

        Assert.That(
            () => new StoryFileWriter().Write(sandbox.StoryDirectory, content),
            Throws.InstanceOf<IOException>());

        Assert.That(Directory.GetFileSystemEntries(sandbox.StoryDirectory.Path), Is.Empty);
    }

    [Test]
    public void A_chunk_that_changes_meanwhile_is_refused()
    {
        StoryFileContent content = ArchiveSandbox.ContentOf(chunk) with { EventCount = 1 };
        int opened = 0;
        MergeCursor Unstable() => ArchiveSandbox.ChunkOf(
            ArchiveSandbox.RandomEvents(new Random(1), 10 + opened++, 100, 200, 5), 100, 200).OpenMerge();

        Assert.That(
            () => new StoryFileWriter().Write(sandbox.StoryDirectory, content with { Open = Unstable }),
            Throws.Exception.With.Message.Contains("changed while"));
        Assert.That(Directory.GetFileSystemEntries(sandbox.StoryDirectory.Path), Is.Empty);
    }

    [Test]
    public void An_existing_file_is_never_overwritten()
    {
        string taken = System.IO.Path.Combine(sandbox.StoryDirectory.Path, new StoryFileName(100, 200, 0).ToString());
        File.WriteAllText(taken, "before");
        string raced = System.IO.Path.Combine(sandbox.StoryDirectory.Path, new StoryFileName(100, 200, 1).ToString());
        StoryFileContent content = ArchiveSandbox.ContentOf(chunk) with
        {
            // Another writer publishes under the name that was free when this one began.
            Open = () =>
            {
                File.WriteAllText(raced, "meanwhile");
                return chunk.OpenMerge();
            },
        };

        StoryFileName name = new StoryFileWriter().Write(sandbox.StoryDirectory, content);

        Assert.That(name.Generation, Is.EqualTo(2));
        Assert.That(File.ReadAllText(taken), Is.EqualTo("before"));
        Assert.That(File.ReadAllText(raced), Is.EqualTo("meanwhile"));
        using StoryFile file = StoryFile.Open(sandbox.StoryDirectory, name.ToString());
        Assert.That(file.Header.Generation, Is.EqualTo(2));
    }

    [Test]
    public void Files_are_0640_and_directories_0750_at_most()
    {
        StoryFileName name = new StoryFileWriter().Write(sandbox.StoryDirectory, ArchiveSandbox.ContentOf(chunk));

        Assert.That(sandbox.StoryDirectory.TryStat(name.ToString())!.Value.Permissions & ~0b110_100_000, Is.Zero);
        Assert.That(sandbox.StoryDirectory.Info.Permissions & 0b000_000_111, Is.Zero);
    }

    [Test]
    public void Leftovers_of_dead_writers_go_and_those_of_live_ones_stay()
    {
        string abandoned = System.IO.Path.Combine(sandbox.StoryDirectory.Path, ".other-1-1.tmp");
        File.WriteAllText(abandoned, "half");
        using TemporaryFile live = TemporaryFile.Create(sandbox.StoryDirectory);

        int removed = sandbox.Root.CleanLeftovers();

        Assert.That(removed, Is.EqualTo(1));
        Assert.That(File.Exists(abandoned), Is.False);
        Assert.That(live.TryPublish("00000000000000000001-00000000000000000002-0.h5"), Is.True);
    }

    [Test]
    public void A_symbolic_link_in_place_of_a_directory_is_not_followed()
    {
        string outside = Directory.CreateTempSubdirectory("chronolog-outside-").FullName;
        Directory.CreateSymbolicLink(System.IO.Path.Combine(sandbox.Path, "linked"), outside);

        Assert.That(() => sandbox.Root.CreateStory(new("linked", "s")), Throws.TypeOf<PosixException>());
        Assert.That(Directory.GetFileSystemEntries(outside), Is.Empty);
        Directory.Delete(outside);
    }
}
