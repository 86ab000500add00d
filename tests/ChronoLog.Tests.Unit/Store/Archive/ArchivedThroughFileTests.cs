using ChronoLog.Interop.Posix;
using ChronoLog.Store.Archive;

namespace ChronoLog.Tests.Unit.Store.Archive;

/// <summary>The file of a story's watermark: what was written, or unknown.</summary>
public sealed class ArchivedThroughFileTests
{
    private const ulong Through = 1_790_000_000_123_456_789;

    [Test]
    public void What_was_written_last_is_read_and_groups_do_not_meet()
    {
        using var sandbox = new ArchiveSandbox();
        Assert.That(Read(sandbox), Is.Null, "none was written");
        ArchivedThroughFile.Write(sandbox.StoryDirectory, 0, ArchiveSandbox.StoryId, 5);
        ArchivedThroughFile.Write(sandbox.StoryDirectory, 0, ArchiveSandbox.StoryId, Through);
        ArchivedThroughFile.Write(sandbox.StoryDirectory, 1, ArchiveSandbox.StoryId, 7);
        Assert.That((Read(sandbox), Read(sandbox, group: 1)), Is.EqualTo(((ulong?)Through, (ulong?)7)));
        Assert.That(
            ArchivedThroughFile.Read(sandbox.StoryDirectory, 0, ArchiveSandbox.StoryId + 1), Is.Null, "another story's");
        Assert.That(Directory.GetFiles(sandbox.StoryDirectory.Path).Where(name => name.EndsWith(".tmp")), Is.Empty);
    }

    [Test]
    public void Every_flipped_bit_every_cut_and_every_addition_makes_it_unknown()
    {
        using var sandbox = new ArchiveSandbox();
        ArchivedThroughFile.Write(sandbox.StoryDirectory, 0, ArchiveSandbox.StoryId, Through);
        string path = Path.Combine(sandbox.StoryDirectory.Path, ArchivedThroughFile.NameOf(0));
        byte[] good = File.ReadAllBytes(path);
        for (int bit = 0; bit < good.Length * 8; bit++)
        {
            byte[] bad = [.. good];
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(path, bad);
            Assert.That(Read(sandbox), Is.Null, $"bit {bit}");
        }

        for (int length = 0; length < good.Length; length++)
        {
            File.WriteAllBytes(path, good[..length]);
            Assert.That(Read(sandbox), Is.Null, $"{length} bytes");
        }

        File.WriteAllBytes(path, [.. good, 0]);
        Assert.That(Read(sandbox), Is.Null, "longer");
        File.WriteAllBytes(path, good);
        Assert.That(Read(sandbox), Is.EqualTo(Through));
    }

    [Test]
    public void A_link_in_its_place_is_not_followed()
    {
        using var sandbox = new ArchiveSandbox();
        ArchivedThroughFile.Write(sandbox.StoryDirectory, 0, ArchiveSandbox.StoryId, Through);
        string path = Path.Combine(sandbox.StoryDirectory.Path, ArchivedThroughFile.NameOf(0));
        File.Move(path, path + ".real");
        File.CreateSymbolicLink(path, path + ".real");
        Assert.That(Read(sandbox), Is.Null);
    }

    [Test]
    public void It_is_no_foreign_file_and_goes_with_its_story()
    {
        using var sandbox = new ArchiveSandbox();
        ArchivedThroughFile.Write(sandbox.StoryDirectory, 0, ArchiveSandbox.StoryId, Through);
        using ArchiveCatalog catalog = ArchiveCatalog.Open(sandbox.Path);
        Assert.That(catalog.Find(ArchiveSandbox.Name)!.Foreign, Is.Empty);
        Assert.That(catalog.DestroyStory(ArchiveSandbox.Name), Is.True);
        using PosixDirectory again = sandbox.Root.CreateStory(ArchiveSandbox.Name);
        Assert.That(ArchivedThroughFile.Read(again, 0, ArchiveSandbox.StoryId), Is.Null);
    }

    private static ulong? Read(ArchiveSandbox sandbox, long group = 0) =>
        ArchivedThroughFile.Read(sandbox.StoryDirectory, group, ArchiveSandbox.StoryId);
}
