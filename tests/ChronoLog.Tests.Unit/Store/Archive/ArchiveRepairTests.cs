using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Store.Archive;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.Tests.Unit.Store.Archive;

/// <summary>From a flipped byte to a rebuilt range, on real files.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ArchiveRepairTests : IDisposable
{
    private const ulong Start = 1_000_000;
    private const ulong End = 2_000_000;

    private readonly ArchiveSandbox sandbox = new();
    private readonly List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(31), 20_000, Start, End, 30);
    private readonly ArchiveCatalog catalog;
    private readonly Hdf5Extractor extractor;
    private readonly ArchiveRepair repair;
    private readonly string path;

    public ArchiveRepairTests()
    {
        path = sandbox.Write(events, Start, End);
        catalog = ArchiveCatalog.Open(sandbox.Path);
        extractor = new Hdf5Extractor("archive", sandbox.Path);
        repair = new ArchiveRepair(catalog, NullLogger.Instance);
    }

    public void Dispose()
    {
        extractor.Dispose();
        catalog.Dispose();
        sandbox.Dispose();
    }

    [TestCase(StoryColumn.EventTime)]
    [TestCase(StoryColumn.ClientId)]
    [TestCase(StoryColumn.EventIndex)]
    [TestCase(StoryColumn.RecordOffset)]
    [TestCase(StoryColumn.Record)]
    [TestCase(StoryColumn.BlockCrc32c)]
    public async Task A_damaged_column_is_a_gap_is_set_aside_and_is_whole_again_when_its_events_come_again(StoryColumn column)
    {
        var found = new List<string>();
        catalog.DamageFound = found.Add;
        FlipColumn(column);
        Assert.That((await ReplayAsync()).Gaps, Is.Not.Empty);
        Assert.That(found, Is.Not.Empty.And.All.EqualTo(path), "who owns the archive is told");

        DamagedStoryFile damaged = repair.Examine(path)!;
        Assert.That(sandbox.FilesVisible(), Is.Empty, "no foreign reader takes it for a part of the archive");
        Assert.That(File.Exists(damaged.Path), Is.True, "kept");
        Assert.That((await ReplayAsync()).Gaps, Is.Not.Empty, "set aside, and a gap still");
        Assert.That(ArchiveInspector.Verify(sandbox.Path).Findings.Single().Problem, Does.Contain("set aside"));
        Assert.That(repair.Judge(damaged, mayBeRebuilt: true), Is.EqualTo(RepairState.Damaged));

        await ArchiveAsync(events, sequence: 2);
        Assert.That(repair.Judge(damaged, mayBeRebuilt: false), Is.EqualTo(RepairState.Damaged));
        Assert.That(repair.Judge(damaged, mayBeRebuilt: true), Is.EqualTo(RepairState.Rebuilt));
        (List<ModelEvent> replayed, IReadOnlyList<Gap> gaps) = await ReplayAsync();
        Assert.That(gaps, Is.Empty);
        ArchiveSandbox.AssertEqual(replayed, events.OrderBy(each => each.Sequence));
        Assert.That(ArchiveInspector.Verify(sandbox.Path).Findings, Is.Empty);
        Assert.That(repair.Survey(), Is.Empty);
        Assert.That(repair.Judge(damaged, mayBeRebuilt: true), Is.EqualTo(RepairState.Gone));
    }

    [TestCase(StoryColumn.ClientId)]
    [TestCase(StoryColumn.Record)]
    public async Task As_long_as_one_event_has_not_come_again_it_stays_a_gap(StoryColumn column)
    {
        FlipColumn(column);
        DamagedStoryFile damaged = repair.Examine(path)!;
        List<ModelEvent> sorted = [.. events.OrderBy(each => each.Sequence)];
        sorted.RemoveAt(sorted.Count / 2);
        await ArchiveAsync(sorted, sequence: 2);
        Assert.That(repair.Judge(damaged, mayBeRebuilt: true), Is.EqualTo(RepairState.Damaged));
        Assert.That((await ReplayAsync()).Gaps, Is.Not.Empty);
        Assert.That(repair.Survey().Single(), Is.EqualTo(damaged), "a process that starts again knows of it");
    }

    [Test]
    public async Task Late_events_that_were_there_before_do_not_stand_for_lost_ones()
    {
        List<ModelEvent> late = ArchiveSandbox.RandomEvents(new Random(32), 20_000, Start, End, 30);
        await ArchiveAsync(late, sequence: 5);
        FlipColumn(StoryColumn.ClientId);
        DamagedStoryFile damaged = repair.Examine(path)!;
        Assert.That(damaged.Name.YoungerFrom, Is.EqualTo(2));
        Assert.That(repair.Judge(damaged, mayBeRebuilt: true), Is.EqualTo(RepairState.Damaged));
        Assert.That(await ArchiveAsync(events, sequence: 6), Does.EndWith("-2.h5"), "no generation is used again");
        Assert.That(repair.Judge(damaged, mayBeRebuilt: true), Is.EqualTo(RepairState.Rebuilt));
    }

    [Test]
    public async Task Where_only_the_structures_of_hdf5_are_damaged_every_event_is_given_all_the_same()
    {
        Flip(SpaceOfHdf5());
        Assert.That((await ReplayAsync()).Gaps, Is.Not.Empty, "not opened before it is known to be damaged");
        Assert.That(repair.Examine(path), Is.Not.Null);
        (List<ModelEvent> replayed, IReadOnlyList<Gap> gaps) = await ReplayAsync();
        Assert.That(gaps, Is.Empty);
        ArchiveSandbox.AssertEqual(replayed, events.OrderBy(each => each.Sequence));
    }

    [Test]
    public async Task A_file_whose_user_block_is_gone_is_found_at_the_start_and_stays_a_gap()
    {
        Flip(60);
        DamagedStoryFile damaged = repair.Survey().Single();
        await ArchiveAsync(events, sequence: 2);
        Assert.That(repair.Judge(damaged, mayBeRebuilt: true), Is.EqualTo(RepairState.Damaged), "what it held, nothing tells");
        (List<ModelEvent> replayed, IReadOnlyList<Gap> gaps) = await ReplayAsync();
        Assert.That((replayed.Count, gaps.Single().StartTime, gaps.Single().EndTime), Is.EqualTo((events.Count, Start, End)));
    }

    [Test]
    public void What_is_sound_or_newer_or_no_file_of_the_archive_is_left_alone()
    {
        Assert.That(repair.Examine(path), Is.Null);
        foreach (string nonsense in (string[])["", "/", "../../x", path + "x", "/etc/passwd", "a/b/c/d", path[..^3]])
        {
            Assert.That(repair.Examine(nonsense), Is.Null, nonsense);
        }

        byte[] bytes = File.ReadAllBytes(path);
        bytes[12] = 3;
        BitConverter.TryWriteBytes(bytes.AsSpan(4092), Crc32C.Compute(bytes.AsSpan(0, 4092)));
        File.WriteAllBytes(path, bytes);
        Assert.That(repair.Examine(path), Is.Null);
        Assert.That(repair.Survey(), Is.Empty);
        Assert.That(sandbox.FilesVisible(), Has.Length.EqualTo(1));
    }

    [TestCase(".damaged-1-00000000000000000001-00000000000000000002-0.h5", true)]
    [TestCase(".damaged-01-00000000000000000001-00000000000000000002-0.h5", false)]
    [TestCase(".damaged--00000000000000000001-00000000000000000002-0.h5", false)]
    [TestCase(".damaged-1", false)]
    [TestCase(".damaged-", false)]
    [TestCase("", false)]
    [TestCase("00000000000000000001-00000000000000000002-0.h5", false)]
    public void Only_names_that_were_written_are_read(string text, bool isOne) =>
        Assert.That(SetAsideName.TryParse(text, out _), Is.EqualTo(isOne));

    private async Task<string?> ArchiveAsync(List<ModelEvent> some, ulong sequence)
    {
        StoryChunk chunk = ArchiveSandbox.ChunkOf(some, Start, End);
        var story = new StoryDescriptor
        {
            Chronicle = ArchiveSandbox.Chronicle, Story = ArchiveSandbox.Story, StoryId = ArchiveSandbox.StoryId,
        };
        var identity = new PartialIdentity { ProcessId = 3, Epoch = 1, Sequence = sequence };
        ExtractionReceipt receipt = await extractor.ExtractAsync(
            new RetiredChunk(story, chunk, identity, Complete: false, MergedFrom: [], Supplementary: true), default);
        chunk.Release();
        return receipt.StoryFile;
    }

    private async Task<(List<ModelEvent> Events, IReadOnlyList<Gap> Gaps)> ReplayAsync()
    {
        var given = new List<ModelEvent>();
        var gaps = new List<Gap>();
        foreach (IReadSource source in catalog.OpenSources(
            ArchiveSandbox.Name, 0, ulong.MaxValue, readAhead: false))
        {
            while (await source.NextAsync(default) is { } run)
            {
                given.AddRange(ArchiveSandbox.ReadAll([run]));
            }

            gaps.AddRange(source.Gaps);
            await source.DisposeAsync();
        }

        return ([.. given.DistinctBy(each => each.Sequence).OrderBy(each => each.Sequence)], gaps);
    }

    private void FlipColumn(StoryColumn column)
    {
        using StoryFile file = StoryFile.Open(path);
        ColumnExtent extent = file.Columns[(int)column];
        Flip(extent.Offset + (extent.Length / 2));
    }

    private long SpaceOfHdf5()
    {
        using StoryFile file = StoryFile.Open(path);
        return file.Columns.Where(static column => column.Length > 0).Min(static column => column.Offset) - 1;
    }

    private void Flip(long position)
    {
        using FileStream stream = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = position;
        int value = stream.ReadByte();
        stream.Position = position;
        stream.WriteByte((byte)(value ^ 0x10));
    }
}
