using BenchmarkDotNet.Attributes;
using ChronoLog.Client;

namespace ChronoLog.Bench.Micro;

/// <summary>
/// The client's side of an event: StoryHandle.LogEvent into the ring. The ring is emptied in the same measurement, as a
/// full one would stop it; that half alone is the second benchmark's difference.
/// </summary>
[MemoryDiagnoser]
public class RecordingBenchmarks : IDisposable
{
    private const int Events = 1024;

    private readonly byte[] record = new byte[4096];
    private readonly int[] lengths = new int[64];
    private readonly ulong[] ticks = new ulong[64];
    private RingBench? ring;
    private StoryHandle? story;

    [Params(64, 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Open()
    {
        ring = new RingBench();
        var descriptor = new StoryDescriptor { Chronicle = "bench", Story = "micro", StoryId = RingBench.StoryId };
        story = new StoryHandle(descriptor, ring.Writer, RingBench.ClientId);
        Array.Fill(lengths, Size);
    }

    [Benchmark(OperationsPerInvoke = Events)]
    public ulong LogEvent()
    {
        ulong tick = 0;
        for (int i = 0; i < Events; i++)
        {
            tick = story!.LogEvent(record.AsSpan(0, Size));
        }

        return tick + (ulong)ring!.Drain();
    }

    [Benchmark(OperationsPerInvoke = Events)]
    public long LogBatch()
    {
        int perBatch = Math.Min(lengths.Length, record.Length / Size);
        for (int i = 0; i < Events; i += perBatch)
        {
            story!.LogBatch(record.AsSpan(0, perBatch * Size), lengths.AsSpan(0, perBatch), ticks);
        }

        return ring!.Drain();
    }

    [GlobalCleanup]
    public void Dispose()
    {
        ring?.Dispose();
        ring = null;
        GC.SuppressFinalize(this);
    }
}
