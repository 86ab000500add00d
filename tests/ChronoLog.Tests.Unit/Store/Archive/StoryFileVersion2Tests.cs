using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Store.Archive;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Store.Archive;

/// <summary>StoryFiles with arrival stamps, compressed ones, and those that are both.</summary>
[TestFixture]
public class StoryFileVersion2Tests
{
    private const ulong Start = 1_000_000;
    private const ulong End = 2_000_000;

    private const string Script = """
        import h5py, sys
        with h5py.File(sys.argv[1], "r") as f:
            e = f["events"]
            t, c, i, o, r = (e[n][:] for n in ("eventTime", "clientId", "eventIndex", "recordOffset", "record"))
            a = e["arrivalTime"][:] if "arrivalTime" in e else [0] * len(t)
            for k in range(len(t)):
                print(t[k], c[k], i[k], a[k], bytes(r[o[k]:o[k + 1]]).hex())
            d = e["eventTime"]
            print(d.chunks is not None, d.compression, d.shuffle, d.fletcher32, f.attrs["formatVersion"])
        """;

    private ArchiveSandbox sandbox = null!;

    [SetUp]
    public void SetUp() => sandbox = new ArchiveSandbox();

    [TearDown]
    public void TearDown() => sandbox.Dispose();

    [Test]
    public void Events_and_stamps_come_back(
        [Values(0, 1, 500, 20_000)] int count, [Values(0, 60)] int lengthMax, [Values] bool arrivals,
        [Values] bool compressed)
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(count), count, Start, End, lengthMax);
        string path = Write(events, arrivals, compressed);

        using StoryFile file = StoryFile.Open(path);

        ModelEvent[] sorted = [.. events.OrderBy(e => e.Sequence)];
        ArchiveSandbox.AssertEqual(ArchiveSandbox.ReadAll(file.Range(0, ulong.MaxValue)), sorted);
        AssertStamps(file, 0, ulong.MaxValue, sorted, arrivals);
        Assert.That(file.Header.FormatVersion, Is.EqualTo(arrivals || compressed ? 2 : 1));
        Assert.That(file.Verify(), Is.Empty);
        Assert.That(ArchiveInspector.Verify(path).Findings, Is.Empty);
    }

    [TestCase(true, true)]
    [TestCase(false, true)]
    [TestCase(true, false)]
    public void Ranges_give_exactly_the_events_within(bool arrivals, bool compressed)
    {
        var random = new Random(3);
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(random, 20_000, Start, End, 20);
        using StoryFile file = StoryFile.Open(Write(events, arrivals, compressed));
        ModelEvent[] sorted = [.. events.OrderBy(e => e.Sequence)];

        for (int i = 0; i < 20; i++)
        {
            ulong from = Start - 5 + (ulong)random.NextInt64(1_000_010);
            ulong to = from + (ulong)random.NextInt64(i % 4 == 0 ? 200 : 400_000);
            ModelEvent[] expected =
                [.. sorted.Where(e => e.Sequence.EventTime >= from && e.Sequence.EventTime < to)];
            ArchiveSandbox.AssertEqual(ArchiveSandbox.ReadAll(file.Range(from, to)), expected);
            AssertStamps(file, from, to, expected, arrivals);
        }
    }

    [TestCase(1, 0, true, true)]
    [TestCase(9000, 60, false, true)]
    [TestCase(9000, 60, true, true)]
    [TestCase(700, 60, true, false)]
    public void H5py_reads_the_same(int count, int lengthMax, bool arrivals, bool compressed)
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(11), count, Start, End, lengthMax);

        (int exit, string[] lines) = Run("/usr/bin/python3", "-c", Script, Write(events, arrivals, compressed));

        Assert.That(exit, Is.Zero, string.Join('\n', lines));
        Assert.That(lines[..count], Is.EqualTo(events.OrderBy(e => e.Sequence).Select(e =>
            $"{e.Sequence.EventTime} {e.Sequence.ClientId} {e.Sequence.EventIndex} {(arrivals ? Stamp(e.Sequence) : 0)} "
            + Convert.ToHexString(e.Record).ToLowerInvariant())));
        Assert.That(lines[count], Is.EqualTo(compressed ? "True gzip True True 2" : "False None False False 2"));
    }

    [Test]
    public void H5dump_reads_a_compressed_file()
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(12), 50, Start, End, 10);

        (int exit, string[] lines) = Run("h5dump", "-p", Write(events, arrivals: true, compressed: true));

        Assert.That(exit, Is.Zero, string.Join('\n', lines));
        Assert.That(lines, Has.Some.Contains("DATASET \"arrivalTime\"").And.Some.Contains("COMPRESSION DEFLATE"));
    }

    [Test]
    public void Every_flipped_bit_is_found()
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(20), 9000, Start, End, 40);
        string path = Write(events, arrivals: true, compressed: true);
        byte[] sound = File.ReadAllBytes(path);
        var random = new Random(21);
        HashSet<int> positions =
            [.. Enumerable.Range(0, 250).Select(_ => random.Next(sound.Length)), .. Enumerable.Range(0, 400)];

        foreach (int position in positions)
        {
            byte[] damaged = [.. sound];
            damaged[position] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, damaged);
            Assert.That(ArchiveInspector.Verify(path).Findings, Is.Not.Empty, $"byte {position}");
        }
    }

    /// <summary>Whoever can make checksums can write anything: it is refused all the same, and costs no memory.</summary>
    [Test]
    public void A_block_that_inflates_to_something_else_is_refused()
    {
        byte[] sound = StoredBlock.Encode(new byte[StoredBlock.RawBytes], StoredBlock.RawBytes, 8);
        byte[] bomb = StoredBlock.Encode(new byte[64 << 20], 64 << 20, 1);
        byte[] tooShort = StoredBlock.Encode(new byte[8], 8, 8);
        byte[] noStream = [.. new byte[100], 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(noStream.AsSpan(100), StoredBlock.Fletcher32(noStream.AsSpan(0, 100)));

        Assert.That(StoredBlock.TryDecode(sound, StoredBlock.RawBytes, 8), Has.Length.EqualTo(StoredBlock.RawBytes));
        foreach (byte[] hostile in new[] { bomb, tooShort, noStream, [], [1, 2, 3, 4] })
        {
            Assert.That(StoredBlock.TryDecode(hostile, StoredBlock.RawBytes, 8), Is.Null);
        }
    }

    [Test]
    public void A_table_of_blocks_that_points_elsewhere_is_refused()
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(20), 9000, Start, End, 40);
        string path = Write(events, arrivals: false, compressed: true);
        byte[] bytes = File.ReadAllBytes(path);
        ColumnExtent table;
        using (StoryFile file = StoryFile.Open(path))
        {
            table = file.Columns[(int)StoryColumn.BlockPlace];
        }

        foreach (ulong offset in new ulong[] { 0, 8, ulong.MaxValue, (ulong)bytes.Length, (ulong)table.Offset })
        {
            byte[] hostile = [.. bytes];
            Span<byte> places = hostile.AsSpan((int)table.Offset, (int)table.Length);
            BinaryPrimitives.WriteUInt64LittleEndian(places, offset);
            int entry = 104 + ((int)StoryColumn.BlockPlace * 24);
            BinaryPrimitives.WriteUInt32LittleEndian(hostile.AsSpan(entry + 16), Crc32C.Compute(places));
            BinaryPrimitives.WriteUInt32LittleEndian(hostile.AsSpan(4092), Crc32C.Compute(hostile.AsSpan(0, 4092)));
            File.WriteAllBytes(path, hostile);
            Assert.That(
                () => StoryFile.Open(path),
                Throws.TypeOf<ChronoLogException>().With.Property(nameof(ChronoLogException.Status)).EqualTo(Status.Corrupt),
                $"{offset}");
        }
    }

    [Test]
    public void Around_a_damaged_block_the_events_are_given_and_the_gap_is_named()
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(23), 60_000, Start, End, 30);
        string path = Write(events, arrivals: false, compressed: true);
        ColumnExtent block;
        using (StoryFile file = StoryFile.Open(path))
        {
            block = file.BlocksOf(StoryColumn.Record).ElementAt(5);
        }

        byte[] bytes = File.ReadAllBytes(path);
        bytes[block.Offset + (block.Length / 2)] ^= 4;
        File.WriteAllBytes(path, bytes);

        using StoryFile damaged = StoryFile.Open(path);
        var gaps = new List<Gap>();
        List<ModelEvent> given = ArchiveSandbox.ReadAll(damaged.Range(0, ulong.MaxValue, gaps.Add));

        Assert.That(gaps, Is.Not.Empty);
        bool Missing(ModelEvent e) =>
            gaps.Any(g => e.Sequence.EventTime >= g.StartTime && e.Sequence.EventTime < g.EndTime);
        Assert.That(events.Count(Missing), Is.LessThan(events.Count / 2));
        ArchiveSandbox.AssertEqual(
            [.. given.Where(e => !Missing(e))], events.Where(e => !Missing(e)).OrderBy(e => e.Sequence));
    }

    [Test]
    public void A_copy_that_arrived_earlier_is_archived_too_and_a_later_one_is_not()
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(5), 10, Start, End, 10);
        string first = Write(events, arrivals: true, compressed: false);
        using ArchiveCatalog catalog = ArchiveCatalog.Open(sandbox.Path);
        StoryListing listing = catalog.Find(ArchiveSandbox.Name)!;
        var archived = listing.Sound(Start, End);

        StoryFileContent Again(Func<EventSequence, ulong> stamp)
        {
            StoryChunk chunk = ChunkOf(events, stamp);
            return ContentOf(chunk, arrivals: true, compressed: false) with { Archived = archived };
        }

        Assert.That(StoryFileWriter.HasNewEvents(Again(Stamp)), Is.False);
        Assert.That(StoryFileWriter.HasNewEvents(Again(sequence => Stamp(sequence) + 1)), Is.False);
        EventSequence earlier = events[3].Sequence;
        using var fresh = new NewEvents(Again(sequence => Stamp(sequence) - (sequence == earlier ? 1u : 0)));
        var entries = new EventEntry[16];
        Assert.That(fresh.Read(entries), Is.EqualTo(1));
        Assert.That(entries[0].Sequence, Is.EqualTo(earlier));
    }

    /// <summary>The README states how much smaller text logs become: at least that they do.</summary>
    [Test]
    public void Text_logs_become_much_smaller()
    {
        var random = new Random(8);
        string[] kinds =
        [
            "sshd[{0}]: Accepted publickey for user{1} from 10.0.{2}.{3} port {4} ssh2",
            "kernel: [{0}.{4}] nfs: server storage{1} not responding, still trying",
            "slurmctld[{0}]: sched: Allocate JobId={4} NodeList=node[{2}-{3}] #CPUs={1}",
        ];
        List<ModelEvent> events = [.. Enumerable.Range(0, 20_000).Select(i => new ModelEvent(
            new EventSequence(Start + ((ulong)i * 40), (ulong)random.Next(1, 9), (uint)i),
            Encoding.UTF8.GetBytes(string.Format(
                System.Globalization.CultureInfo.InvariantCulture, kinds[random.Next(3)], random.Next(40_000),
                random.Next(64), random.Next(256), random.Next(256), random.Next(65_536)))))];

        long plain = new FileInfo(Write(events, arrivals: false, compressed: false)).Length;
        long small = new FileInfo(Write(events, arrivals: false, compressed: true)).Length;

        TestContext.Out.WriteLine($"{plain} bytes, compressed {small}: {(double)plain / small:0.0} to 1");
        Assert.That(small, Is.LessThan(plain / 2));
    }

    private static ulong Stamp(EventSequence sequence) =>
        5_000_000 + (sequence.EventTime * 31 % 9973) + sequence.ClientId;

    private static void AssertStamps(StoryFile file, ulong start, ulong end, ModelEvent[] expected, bool arrivals)
    {
        var given = new List<ModelEvent>();
        var stamps = new List<ulong>();
        foreach (ColumnSlice slice in file.Slices(start, end, 100_000, withArrivals: true))
        {
            EventRun run = slice.ToRun();
            slice.Dispose();
            foreach (ref readonly EventEntry entry in run.Entries)
            {
                stamps.Add(entry.Arrival);
                given.Add(new ModelEvent(entry.Sequence, entry.LogRecord.ToArray()));
            }

            run.Release();
        }

        ArchiveSandbox.AssertEqual(given, expected);
        Assert.That(stamps, Is.EqualTo(expected.Select(e => arrivals ? Stamp(e.Sequence) : 0)));
    }

    private static StoryChunk ChunkOf(List<ModelEvent> events, Func<EventSequence, ulong> stamp)
    {
        var block = new PinnedBlock(events.Sum(e => e.Record.Length + EventEntry.StampLength));
        var builder = new EventRunBuilder();
        int at = 0;
        foreach (ModelEvent e in events)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(block.Span[at..], stamp(e.Sequence));
            at += EventEntry.StampLength;
            e.Record.CopyTo(block.Span[at..]);
            builder.Append(
                new EventEntry(
                    e.Sequence.EventTime, e.Sequence.ClientId, e.Sequence.EventIndex, block.Address + at, e.Record.Length,
                    isStamped: true),
                block);
            at += e.Record.Length;
        }

        var chunk = new StoryChunk(ArchiveSandbox.StoryId, Start, End);
        if (builder.Build() is { } run)
        {
            chunk.Add(run);
            run.Release();
        }

        block.Release();
        return chunk;
    }

    private static StoryFileContent ContentOf(StoryChunk chunk, bool arrivals, bool compressed) =>
        ArchiveSandbox.ContentOf(chunk) with { HasArrivals = arrivals, IsCompressed = compressed };

    private static (int Exit, string[] Lines) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.TrimEnd('\n').Split('\n'));
    }

    private string Write(List<ModelEvent> events, bool arrivals, bool compressed)
    {
        StoryChunk chunk = ChunkOf(events, Stamp);
        try
        {
            StoryFileName name =
                new StoryFileWriter().Write(sandbox.StoryDirectory, ContentOf(chunk, arrivals, compressed));
            return System.IO.Path.Combine(sandbox.StoryDirectory.Path, name.ToString());
        }
        finally
        {
            chunk.Release();
        }
    }
}
