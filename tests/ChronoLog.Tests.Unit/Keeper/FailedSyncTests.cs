using ChronoLog.Core.Ports;
using ChronoLog.Interop.Posix;
using ChronoLog.Store.Journal;
using ChronoLog.Tests.Unit.Journal;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Keeper;

/// <summary>A device that refuses a sync: the whole way from the journal to what a client is told.</summary>
internal sealed class FailedSyncTests
{
    private const ulong Now = KeeperHarness.Start;

    private readonly List<string> synced = [];
    private readonly List<string> refused = [];
    private string directory = "";
    private Func<SegmentFile, bool> refuses = _ => false;

    [SetUp]
    public void SetUp() => directory = Directory.CreateTempSubdirectory("chronolog-sync-").FullName;

    [TearDown]
    public void TearDown() => Directory.Delete(directory, recursive: true);

    [Test]
    public void NothingIsReportedDurableUntilItIsOnAnotherFileAndTheFirstIsNeverSyncedAgain()
    {
        using SegmentJournal journal = Open();
        using KeeperHarness keeper = new KeeperHarness(realJournal: journal).Started();
        ulong id = keeper.StartStory("a");
        FakeRing ring = keeper.OpenRing();
        ring.Record(id, Now, 0, "on the device");
        keeper.Pass(TimeSpan.FromMilliseconds(50));
        long durable = ring.Durable;
        Assert.That(durable, Is.EqualTo(ring.Tail));

        string first = JournalCrash.Files(directory).First();
        refuses = _ => true;
        ring.Record(id, Now + 1, 1, "refused");
        keeper.Pass(TimeSpan.FromMilliseconds(500)); // several attempts, each on a file of its own
        Assert.That(ring.Consumed, Is.EqualTo(ring.Tail), "it is taken, and can be read");
        Assert.That(ring.Durable, Is.EqualTo(durable));
        Assert.That(journal.State, Is.EqualTo(JournalState.DeviceFailed));

        refuses = file => file.Path == first; // the device is well again, the kernel has forgotten the first file's pages
        ring.Record(id, Now + 2, 2, "afterwards");
        keeper.Pass(TimeSpan.FromMilliseconds(500));

        Assert.That(ring.Durable, Is.EqualTo(ring.Tail));
        Assert.That(journal.State, Is.EqualTo(JournalState.Ready));
        Assert.That(synced.Count(path => path == first), Is.EqualTo(2), "once well, once refused");
        Assert.That(refused, Is.Unique, "no file gets a second chance");
        Assert.That(refused, Has.Count.GreaterThan(1));
    }

    private SegmentJournal Open() => new(
        new JournalOptions { Directory = directory, SegmentBytes = 64 << 10, QuotaBytes = 1 << 20 },
        (file, offset, length) =>
        {
            synced.Add(file.Path);
            if (refuses(file))
            {
                refused.Add(file.Path);
                throw new PosixException("msync", file.Path, PosixError.InputOutput);
            }

            file.Mapping.Sync(offset, length);
        });
}
