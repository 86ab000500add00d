using System.Globalization;
using System.Text;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Store.Archive;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Store.Archive;

[TestFixture]
public class ExtractorTests
{
    private ArchiveSandbox sandbox = null!;

    [SetUp]
    public void SetUp() => sandbox = new ArchiveSandbox();

    [TearDown]
    public void TearDown() => sandbox.Dispose();

    [Test]
    public async Task Hdf5_writes_the_chunk_where_the_catalog_finds_it()
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(51), 1000, 100, 200, 30);
        using var extractor = new Hdf5Extractor("archive", sandbox.Path);

        ExtractionReceipt receipt = await extractor.ExtractAsync(Retired(events, 1), default);

        using StoryFile file = StoryFile.Open(receipt.StoryFile!);
        Assert.That(file.Header.Collision, Is.EqualTo("idempotent"));
        Assert.That(file.Header.Granularity, Is.EqualTo("ms"));
        Assert.That(file.Header.Supplementary, Is.True);
        Assert.That(ArchiveInspector.Show(receipt.StoryFile!).Keepers, Is.EqualTo(new ulong[] { 3, 4 }));
        ArchiveSandbox.AssertEqual(ArchiveSandbox.ReadAll(file.Range(0, 1000)), events.OrderBy(e => e.Sequence));
        Assert.That(
            sandbox.Root.StoryPath(ArchiveSandbox.Name),
            Is.EqualTo(Path.GetDirectoryName(receipt.StoryFile)));
    }

    [Test]
    public async Task Hdf5_does_not_write_the_same_chunk_twice()
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(52), 10, 100, 200, 30);
        using var extractor = new Hdf5Extractor("archive", sandbox.Path);

        ExtractionReceipt first = await extractor.ExtractAsync(Retired(events, 1), default);
        ExtractionReceipt again = await extractor.ExtractAsync(Retired(events, 1), default);
        ExtractionReceipt late = await extractor.ExtractAsync(
            Retired(ArchiveSandbox.RandomEvents(new Random(53), 10, 100, 200, 30), 2), default);

        Assert.That(again.StoryFile, Is.EqualTo(first.StoryFile));
        Assert.That(late.StoryFile, Does.EndWith("-1.h5"));
    }

    [Test]
    public async Task Hdf5_leaves_out_what_the_archive_has_whatever_it_comes_with()
    {
        // As it is when a Keeper or the Grapher was restarted: the same events in partials of other names, with others.
        List<ModelEvent> before = ArchiveSandbox.RandomEvents(new Random(54), 20_000, 100, 200, 30);
        List<ModelEvent> later = [.. ArchiveSandbox.RandomEvents(new Random(55), 20_000, 100, 200, 30)
            .Where(e => before.TrueForAll(old => old.Sequence != e.Sequence)).Take(500)];
        using (var extractor = new Hdf5Extractor("archive", sandbox.Path))
        {
            await extractor.ExtractAsync(Retired(before, 1), default);
        }

        using var next = new Hdf5Extractor("archive", sandbox.Path);
        ExtractionReceipt nothing = await next.ExtractAsync(Retired(before, 2), default);
        ExtractionReceipt some = await next.ExtractAsync(Retired([.. before.Take(7000), .. later], 3), default);
        ExtractionReceipt none = await next.ExtractAsync(Retired([.. later, .. before.Skip(100)], 4), default);

        Assert.That(nothing.StoryFile, Is.Null);
        Assert.That(none.StoryFile, Is.Null, "two generations have them");
        Assert.That(sandbox.FilesVisible(), Has.Length.EqualTo(2));
        using StoryFile file = StoryFile.Open(some.StoryFile!);
        ArchiveSandbox.AssertEqual(ArchiveSandbox.ReadAll(file.Range(0, 1000)), later.OrderBy(e => e.Sequence));
    }

    [Test]
    public async Task Hdf5_writes_again_what_a_damaged_file_had()
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(56), 100, 100, 200, 30);
        using var extractor = new Hdf5Extractor("archive", sandbox.Path);
        ExtractionReceipt first = await extractor.ExtractAsync(Retired(events, 1), default);
        byte[] bytes = File.ReadAllBytes(first.StoryFile!);
        bytes[20] ^= 1;
        File.WriteAllBytes(first.StoryFile!, bytes);

        ExtractionReceipt again = await extractor.ExtractAsync(Retired(events, 2), default);

        using StoryFile file = StoryFile.Open(again.StoryFile!);
        ArchiveSandbox.AssertEqual(ArchiveSandbox.ReadAll(file.Range(0, 1000)), events.OrderBy(e => e.Sequence));
    }

    [Test]
    public async Task A_failed_write_names_the_chunk_and_the_cause()
    {
        using var extractor = new Hdf5Extractor("archive", sandbox.Path);
        string story = sandbox.StoryDirectory.Path;
        Directory.Delete(story);
        File.WriteAllText(story, "in the way");

        ChronoLogException? exception = await Assert.ThrowsAsync<ChronoLogException>(
            async () => await extractor.ExtractAsync(Retired([], 1), default));

        Assert.That(
            exception!.Message,
            Does.Contain("[100, 200)").And.Contain(ArchiveSandbox.Story).And.Contain("Not a directory"));
    }

    [Test]
    public async Task Csv_has_a_line_for_each_event()
    {
        List<ModelEvent> events =
        [
            new(new EventSequence(101, 1, 0), "plain"u8.ToArray()),
            new(new EventSequence(102, ulong.MaxValue, uint.MaxValue), "a \"b\", c\nd ä"u8.ToArray()),
            new(new EventSequence(103, 2, 0), [0xFF, 0, 1]),
            new(new EventSequence(104, 2, 0), []),
        ];
        string directory = Path.Combine(sandbox.Path, "csv");
        using var extractor = new CsvExtractor("text", directory);

        await extractor.ExtractAsync(Retired(events, 1), default);
        await extractor.ExtractAsync(Retired(events, 1), default);

        string file = Directory.GetFiles(directory, "*", SearchOption.AllDirectories).Single();
        Assert.That(Path.GetFileName(file), Is.EqualTo("00000000000000000100-00000000000000000200-0.csv"));
        Assert.That(File.ReadAllText(file), Is.EqualTo(
            "eventTime,clientId,eventIndex,encoding,record\n101,1,0,utf8,\"plain\"\n"
            + "102,18446744073709551615,4294967295,utf8,\"a \"\"b\"\", c\nd ä\"\n"
            + "103,2,0,base64,/wAB\n104,2,0,utf8,\"\"\n"));
    }

    [Test]
    public async Task Csv_of_many_and_of_large_records_is_complete()
    {
        Random random = new(53);
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(random, 30_000, 100, 100_000, 60);
        events.Add(new ModelEvent(new EventSequence(50_000, 9, 9), [.. Enumerable.Repeat((byte)'"', 3_000_000)]));
        string directory = Path.Combine(sandbox.Path, "csv");
        using var extractor = new CsvExtractor("text", directory);

        await extractor.ExtractAsync(Retired(events, 1, 100_000), default);

        string text = File.ReadAllText(Directory.GetFiles(directory, "*", SearchOption.AllDirectories).Single());
        var expected = new StringBuilder("eventTime,clientId,eventIndex,encoding,record\n");
        foreach (ModelEvent e in events.OrderBy(e => e.Sequence))
        {
            bool text8 = System.Text.Unicode.Utf8.IsValid(e.Record);
            string record = text8
                ? $"utf8,\"{Encoding.UTF8.GetString(e.Record).Replace("\"", "\"\"", StringComparison.Ordinal)}\""
                : $"base64,{Convert.ToBase64String(e.Record)}";
            EventSequence s = e.Sequence;
            expected.Append(CultureInfo.InvariantCulture, $"{s.EventTime},{s.ClientId},{s.EventIndex},{record}\n");
        }

        Assert.That(text == expected.ToString(), Is.True);
    }

    [Test]
    public void Both_types_are_made_from_their_settings_and_refuse_others()
    {
        var registry = new ExtractorRegistry();
        Hdf5Extractor.Register(registry);
        CsvExtractor.Register(registry);

        IReadOnlyList<IChunkExtractor> chain = Build(registry, $$"""
            { "a": { "type": "hdf5_extractor", "hdf5_archive_dir": "{{sandbox.Path}}" },
              "b": { "type": "csv_extractor", "csv_archive_dir": "{{sandbox.Path}}" } }
            """);

        Assert.That(chain.Select(e => e.Name), Is.EqualTo(new[] { "a", "b" }));
        Assert.That(
            () => Build(registry, """{ "a": { "type": "hdf5_extractor" } }"""),
            Throws.TypeOf<ChronoLogException>().With.Message.Contains("hdf5_archive_dir"));
        Assert.That(
            () => Build(registry, """{ "a": { "type": "csv_extractor", "csv_archive_dir": "/proc/no" } }"""),
            Throws.TypeOf<ChronoLogException>().With.Message.Contains("/proc/no"));
    }

    private static IReadOnlyList<IChunkExtractor> Build(ExtractorRegistry registry, string extractors)
    {
        string module = $$"""{ "extraction_stream_count": 1, "extractors": {{extractors}} }""";
        return registry.Build(ExtractionSettings.Parse(module));
    }

    private static RetiredChunk Retired(IReadOnlyList<ModelEvent> events, ulong sequence, ulong end = 200)
    {
        StoryChunk chunk = ArchiveSandbox.ChunkOf(events, 100, end);
        var story = new StoryDescriptor
        {
            Chronicle = ArchiveSandbox.Chronicle,
            Story = ArchiveSandbox.Story,
            StoryId = ArchiveSandbox.StoryId,
            Attributes = { ["collision"] = "idempotent", ["granularity"] = "ms" },
        };
        PartialIdentity[] merged =
        [
            new() { ProcessId = 4, Epoch = 1, Sequence = sequence },
            new() { ProcessId = 3, Epoch = 1, Sequence = sequence },
        ];
        var identity = new PartialIdentity { ProcessId = 8, Epoch = 1, Sequence = 1 };
        return new RetiredChunk(story, chunk, identity, true, merged, true);
    }
}
