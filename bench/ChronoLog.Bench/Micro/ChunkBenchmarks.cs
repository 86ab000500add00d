using BenchmarkDotNet.Attributes;
using ChronoLog.Core.Chunk;

namespace ChronoLog.Bench.Micro;

/// <summary>What the tiers do to entries and records: append, merge, column image and back, checksum.</summary>
[MemoryDiagnoser]
public class ChunkBenchmarks : IDisposable
{
    private const int Events = 65536;
    private const int Sources = 4;

    private readonly EventEntry[] target = new EventEntry[2048];
    private readonly EventRunBuilder builder = new();
    private readonly ColumnPageWriter writer = new();
    private EntryBlock? block;
    private EventRun[] shares = [];
    private UnmanagedBlock? image;
    private int imageLength;

    [Params(64)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Open()
    {
        block = new EntryBlock(Events, Size);
        shares = [.. Enumerable.Range(0, Sources).Select(k => block.Share(k, Sources))];
        image = new UnmanagedBlock((int)ColumnImage.RequiredBytes(Events, (long)Events * Size));
        imageLength = WriteImage();
    }

    [Benchmark(OperationsPerInvoke = Events)]
    public int Append()
    {
        foreach (ref readonly EventEntry entry in block!.Entries.AsSpan())
        {
            builder.Append(entry, block.Block);
        }

        EventRun run = builder.Build()!;
        int count = run.Count;
        run.Release();
        return count;
    }

    [Benchmark(OperationsPerInvoke = Events / Sources)]
    public int MergeOne() => Merge(shares.AsSpan(0, 1));

    [Benchmark(OperationsPerInvoke = Events)]
    public int MergeFourInterleaved() => Merge(shares);

    [Benchmark(OperationsPerInvoke = Events)]
    public unsafe int WriteImage()
    {
        var page = new Span<byte>((void*)image!.Address, (int)image.Length);
        writer.Add(page, block!.Entries);
        return writer.Finish(page, new ColumnImageHeader(9, 0, ulong.MaxValue));
    }

    [Benchmark(OperationsPerInvoke = Events)]
    public int ReadImage()
    {
        EventRun run = ColumnImage.ToRun(image!, imageLength);
        int count = run.Count;
        run.Release();
        return count;
    }

    [Benchmark(OperationsPerInvoke = Events)]
    public unsafe uint Checksum() => Crc32C.Compute(new ReadOnlySpan<byte>((void*)image!.Address, imageLength));

    private int Merge(ReadOnlySpan<EventRun> runs)
    {
        using MergeCursor merge = MergeCursor.Over(runs.ToArray());
        int count = 0;
        for (int read; (read = merge.Read(target)) > 0;)
        {
            count += read;
        }

        return count;
    }

    [GlobalCleanup]
    public void Dispose()
    {
        foreach (EventRun share in shares)
        {
            share.Release();
        }

        shares = [];
        writer.Dispose();
        image?.Release();
        block?.Dispose();
        (image, block) = (null, null);
        GC.SuppressFinalize(this);
    }
}
