using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Store.Journal;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Journal;

/// <summary>
/// A journal whose process dies: its directory is copied as it stands (what the kernel has is what a killed process
/// leaves), and another journal is opened on the copy.
/// </summary>
internal sealed class JournalCrash : IDisposable
{
    public const int SegmentBytes = 64 << 10;

    private readonly string root = Directory.CreateTempSubdirectory("chronolog-crash-").FullName;
    private readonly List<IDisposable> journals = [];
    private int copies;

    public JournalCrash(Action<SegmentFile, long, long>? syncRange = null)
    {
        Living = Open(Path.Combine(root, "living"), syncRange);
        Living.Identify(17, 1000);
    }

    public SegmentJournal Living { get; }

    /// <summary>Frames of the batches appended so far.</summary>
    public List<byte[]> Batches { get; } = [];

    /// <summary>Appends a batch that is kept.</summary>
    public JournalSpan Append(int records = 4)
    {
        byte[] frames = JournalTests.Frames(Batches.Count * 1000, records);
        JournalSpan span = JournalTests.Append(Living, frames, position: 1000 + Batches.Count);
        span.Segment.AddReference();
        Batches.Add(frames);
        return span;
    }

    public void Append(int batches, int records)
    {
        for (int i = 0; i < batches; i++)
        {
            Append(records);
        }
    }

    /// <summary>What a process that dies now leaves.</summary>
    public string Copy()
    {
        string copy = Path.Combine(root, $"copy-{++copies}");
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.GetFiles(Living.Directory, "segment-*"))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }

    public SegmentJournal Open(string directory, Action<SegmentFile, long, long>? syncRange = null, int quota = 100)
    {
        var options = new JournalOptions
        {
            Directory = directory, SegmentBytes = SegmentBytes, QuotaBytes = (long)quota * SegmentBytes,
        };
        SegmentJournal journal = syncRange is null ? new SegmentJournal(options) : new SegmentJournal(options, syncRange);
        journals.Add(journal);
        return journal;
    }

    /// <summary>Recovers and keeps what is given.</summary>
    public static Recovered Recover(SegmentJournal journal)
    {
        var recovered = new Recovered();
        recovered.Report = journal.Recover((in BatchOrigin origin, in JournalSpan span) =>
        {
            span.Segment.AddReference();
            recovered.Origins.Add(origin);
            recovered.Batches.Add(span.Frames.ToArray());
            recovered.Segments.Add(span.Segment);
        });
        return recovered;
    }

    public static string[] Files(string directory) => [.. Directory.GetFileSystemEntries(directory, "segment-*").Order()];

    /// <summary>The file's only segment.</summary>
    public static SegmentScan ScanOf(string directory) => JournalReader.ScanFile(Files(directory).Single());

    public static void Change(string file, long offset, int length, Func<byte, byte> change)
    {
        using FileStream stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite);
        byte[] bytes = new byte[length];
        stream.Position = offset;
        stream.ReadExactly(bytes);
        stream.Position = offset;
        stream.Write([.. bytes.Select(change)]);
    }

    public void Dispose()
    {
        journals.ForEach(journal => journal.Dispose());
        Directory.Delete(root, recursive: true);
    }

    internal sealed class Recovered
    {
        public JournalRecovery Report { get; set; } = JournalRecovery.Nothing;

        public List<BatchOrigin> Origins { get; } = [];

        public List<byte[]> Batches { get; } = [];

        public List<PayloadBlock> Segments { get; } = [];

        public void Release() => Segments.ForEach(segment => segment.Release());

        public void AssertIs(IEnumerable<byte[]> expected, string what = "")
        {
            static IEnumerable<string> Texts(IEnumerable<byte[]> batches) => batches.Select(Convert.ToHexString);
            Assert.That(Texts(Batches), Is.EqualTo(Texts(expected)), what);
        }
    }
}
