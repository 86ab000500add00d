using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Store.Archive;

namespace ChronoLog.Tests.Unit.Store.Archive;

/// <summary>One identity, several records: one is archived, the others are kept apart, each once.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ConflictFileTests : IDisposable
{
    private static readonly EventSequence Identity = new(150, 7, 3);
    private static readonly ModelEvent Other = new(new EventSequence(160, 7, 4), "sound"u8.ToArray());

    private readonly ArchiveSandbox sandbox = new();
    private readonly Hdf5Extractor extractor;

    public ConflictFileTests() => extractor = new Hdf5Extractor("archive", sandbox.Path);

    public void Dispose()
    {
        extractor.Dispose();
        sandbox.Dispose();
    }

    [Test]
    public async Task Of_one_chunk_the_second_record_is_kept_apart()
    {
        string file = (await ArchiveAsync(1, Conflicting("first"), Conflicting("second"), Conflicting("first"), Other))!;
        using StoryFile written = StoryFile.Open(file);
        List<ModelEvent> events = ArchiveSandbox.ReadAll(written.Range(0, 1000));
        Assert.That(events.Select(each => each.Sequence), Is.EqualTo(new[] { Identity, Other.Sequence }));
        string archived = Text(events[0]);
        Assert.That(Lines().Single(), Does.Contain(Base64(archived == "first" ? "second" : "first")));
        Assert.That(Lines().Single(), Does.StartWith("{\"eventTime\":150,\"clientId\":7,\"eventIndex\":3,\"record\":\""));
        Assert.That(extractor.Conflicts, Is.EqualTo(1));
        ArchiveVerification verified = ArchiveInspector.Verify(sandbox.Path);
        Assert.That((verified.Conflicts, verified.Findings.Count), Is.EqualTo((1L, 0)), "told, and no damage");
    }

    [Test]
    public async Task What_conflicts_with_the_archive_is_kept_apart_once_however_often_it_comes()
    {
        await ArchiveAsync(1, Conflicting("archived"), Other);
        Assert.That(await ArchiveAsync(2, Conflicting("archived"), Other), Is.Null, "a retransmission is no conflict");
        Assert.That(ConflictFile.Count(sandbox.StoryDirectory), Is.Zero);
        for (ulong sequence = 3; sequence < 6; sequence++)
        {
            Assert.That(await ArchiveAsync(sequence, Conflicting("other"), Other), Is.Null);
        }

        await ArchiveAsync(6, Conflicting("a third"), new ModelEvent(new EventSequence(170, 7, 5), [1]));
        Assert.That(Lines(), Has.Length.EqualTo(2));
        Assert.That(Lines()[0], Does.Contain(Base64("other")));
        Assert.That(Lines()[1], Does.Contain(Base64("a third")));
        Assert.That((extractor.Conflicts, extractor.ConflictsNotKept), Is.EqualTo((2L, 0L)));
    }

    [Test]
    public async Task A_torn_end_is_written_over()
    {
        await ArchiveAsync(1, Conflicting("a"), Conflicting("b"));
        string path = Path.Combine(sandbox.StoryDirectory.Path, ConflictFile.Name);
        File.AppendAllText(path, "{\"eventTime\":1");
        Assert.That(ConflictFile.Count(sandbox.StoryDirectory), Is.EqualTo(1));
        await ArchiveAsync(2, Conflicting("c, which is longer than the torn end"));
        Assert.That(Lines(), Has.Length.EqualTo(2).And.All.EndsWith("\"}"));
    }

    [Test]
    public void A_hand_over_has_both_and_a_merge_for_readers_one()
    {
        StoryChunk chunk = ArchiveSandbox.ChunkOf([Conflicting("a"), Conflicting("b"), Conflicting("a"), Other], 100, 200);
        var entries = new EventEntry[10];
        using (MergeCursor merge = chunk.OpenMerge())
        {
            Assert.That((merge.Read(entries), merge.Duplicates), Is.EqualTo((2, 2L)));
        }

        using (MergeCursor handover = chunk.OpenHandover())
        {
            int count = handover.Read(entries);
            Assert.That(count + handover.Duplicates, Is.EqualTo(4));
            Assert.That(
                entries[..count].Select(entry => System.Text.Encoding.UTF8.GetString(entry.LogRecord)),
                Is.SupersetOf(new[] { "a", "b", "sound" }));
            Assert.That(handover.Conflicts, Is.Positive);
        }

        chunk.Release();
    }

    private static ModelEvent Conflicting(string record) => new(Identity, System.Text.Encoding.UTF8.GetBytes(record));

    private static string Text(ModelEvent each) => System.Text.Encoding.UTF8.GetString(each.Record);

    private static string Base64(string text) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));

    private string[] Lines() => File.ReadAllLines(Path.Combine(sandbox.StoryDirectory.Path, ConflictFile.Name));

    private async Task<string?> ArchiveAsync(ulong sequence, params ModelEvent[] events)
    {
        StoryChunk chunk = ArchiveSandbox.ChunkOf(events, 100, 200);
        var story = new StoryDescriptor
        {
            Chronicle = ArchiveSandbox.Chronicle, Story = ArchiveSandbox.Story, StoryId = ArchiveSandbox.StoryId,
        };
        var identity = new PartialIdentity { ProcessId = 3, Epoch = 1, Sequence = sequence };
        ExtractionReceipt receipt = await extractor.ExtractAsync(
            new RetiredChunk(story, chunk, identity, Complete: false, MergedFrom: [], Supplementary: false), default);
        chunk.Release();
        return receipt.StoryFile;
    }
}
