using BenchmarkDotNet.Attributes;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Time;
using ChronoLog.Keeper;
using ChronoLog.Keeper.Ingestion;
using ChronoLog.Keeper.Stories;
using ChronoLog.Store.Journal;
using ChronoLog.Transport.Timing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.Bench.Micro;

/// <summary>
/// The Keeper's side of an event: IngestionAgent.DoWork takes it from the ring, journals and indexes it. Each
/// measurement ends as a chunk's life does, so that arrays and segments go back to their pools: what is left is the
/// steady state of a Keeper, and the recording itself (see <see cref="RecordingBenchmarks"/>).
/// </summary>
[MemoryDiagnoser]
public class KeeperBenchmarks : IDisposable
{
    private const int Events = 16384;

    private readonly byte[] record = new byte[4096];
    private readonly List<StoryChunk> chunks = [];
    private RingBench? ring;
    private SegmentJournal? journal;
    private IngestionAgent? agent;
    private StoryTable? stories;
    private string directory = "";

    [Params(64, 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Open()
    {
        ring = new RingBench();
        directory = Directory.CreateDirectory($"/dev/shm/chronolog-bench-journal-{Guid.NewGuid():N}").FullName;
        journal = new SegmentJournal(new JournalOptions { Directory = directory });
        journal.Identify(1, 1);
        var options = new KeeperOptions { Name = "bench", Host = "bench" };
        stories = new StoryTable(options, ring.Clock, 1);
        agent = new IngestionAgent(
            0, options, journal, stories, ring.Clock, RealTimers.Instance, new LatencyWindow(), NullLogger.Instance);
        agent.Replace([new RingSession(ring.Ring, RingBench.ClientId, (uint)Environment.ProcessId)]);
        journal.Prepare();
    }

    [Benchmark(OperationsPerInvoke = Events)]
    public long LogEventAndDoWork()
    {
        // In pieces that fit the ring at every size.
        for (int i = 0; i < Events; i += 1024)
        {
            for (int k = 0; k < 1024; k++)
            {
                ring!.Writer.LogEvent(record.AsSpan(0, Size));
            }

            while (agent!.DoWork() > 0)
            {
            }
        }

        Retire();
        return agent!.Counters.Events;
    }

    private void Retire()
    {
        stories!.Find(RingBench.StoryId)!.Pipeline.FinalizeChunks(chunks);
        foreach (StoryChunk chunk in chunks)
        {
            chunk.Release();
        }

        chunks.Clear();
        journal!.Sync();
        journal.Prepare();
    }

    [GlobalCleanup]
    public void Dispose()
    {
        journal?.Dispose();
        ring?.Dispose();
        journal = null;
        ring = null;
        if (directory.Length > 0)
        {
            Directory.Delete(directory, recursive: true);
            directory = "";
        }

        GC.SuppressFinalize(this);
    }
}
