using System.Diagnostics;
using ChronoLog.Core.Model;
using ChronoLog.Store.Archive;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Store.Archive;

/// <summary>Independent readers: h5py and h5dump.</summary>
[TestFixture]
public class StoryFileForeignReaderTests
{
    // Prints one line for each event, as Dump below does for the model.
    private const string Script = """
        import h5py, sys
        with h5py.File(sys.argv[1], "r") as f:
            e = f["events"]
            t, c, i, o, r = (e[n][:] for n in ("eventTime", "clientId", "eventIndex", "recordOffset", "record"))
            for k in range(len(t)):
                print(t[k], c[k], i[k], bytes(r[o[k]:o[k + 1]]).hex())
            a = f.attrs
            print(a["chronicle"].decode(), a["story"].decode(), a["storyId"], a["startTime"], a["endTime"],
                  a["eventCount"], a["firstEventTime"], a["lastEventTime"],
                  a["collision"].decode(), a["granularity"].decode(),
                  a["generation"], a["complete"], a["supplementary"], a["formatVersion"],
                  list(map(int, a["keepersMerged"])))
            print([list(map(int, p)) for p in f["partials"][:]])
            print(sorted(f.keys()), sorted(e.keys()), [str(e[n].dtype) for n in sorted(e.keys())])
            print(all(e[n].chunks is None for n in e))
        """;

    private ArchiveSandbox sandbox = null!;

    [SetUp]
    public void SetUp() => sandbox = new ArchiveSandbox();

    [TearDown]
    public void TearDown() => sandbox.Dispose();

    [TestCase(1, 0)]
    [TestCase(700, 100)]
    public void H5py_reads_the_same(int count, int lengthMax)
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(11), count, 1000, 9000, lengthMax);
        string path = sandbox.Write(events, 1000, 9000);

        (int exit, string[] lines) = Run("/usr/bin/python3", "-c", Script, path);

        Assert.That(exit, Is.Zero, string.Join('\n', lines));
        ModelEvent[] sorted = [.. events.OrderBy(e => e.Sequence)];
        Assert.That(lines[..count], Is.EqualTo(sorted.Select(Dump)));
        ulong first = sorted[0].Sequence.EventTime;
        ulong last = sorted[^1].Sequence.EventTime;
        Assert.That(lines[count..], Is.EqualTo(new[]
        {
            $"{ArchiveSandbox.Chronicle} {ArchiveSandbox.Story} {ArchiveSandbox.StoryId} 1000 9000 {count} "
                + $"{first} {last} redundancy ns 0 1 0 1 [7, 9]",
            "[[7, 1, 1], [9, 2, 5]]",
            "['events', 'partials'] ['blockCrc32c', 'clientId', 'eventIndex', 'eventTime', 'record', 'recordOffset'] "
                + "['uint32', 'uint64', 'uint32', 'uint64', 'uint8', 'uint64']",
            "True",
        }));
    }

    [Test]
    public void H5dump_reads_it()
    {
        List<ModelEvent> events = ArchiveSandbox.RandomEvents(new Random(12), 50, 1000, 9000, 10);

        (int exit, string[] lines) = Run("h5dump", sandbox.Write(events, 1000, 9000));

        Assert.That(exit, Is.Zero, string.Join('\n', lines));
        Assert.That(lines, Has.Some.Contains("DATASET \"eventTime\""));
    }

    private static string Dump(ModelEvent e) =>
        $"{e.Sequence.EventTime} {e.Sequence.ClientId} {e.Sequence.EventIndex} "
        + Convert.ToHexString(e.Record).ToLowerInvariant();

    private static (int Exit, string[] Lines) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.TrimEnd('\n').Split('\n'));
    }
}
