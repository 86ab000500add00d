using ChronoLog.Core.Chunk;

namespace ChronoLog.Bench.Micro;

/// <summary>Records in one block of memory, and entries that point at them.</summary>
internal sealed unsafe class EntryBlock : IDisposable
{
    public EntryBlock(int events, int size)
    {
        Block = new UnmanagedBlock(events * size);
        Entries = new EventEntry[events];
        for (int i = 0; i < events; i++)
        {
            Entries[i] = new EventEntry(1_000_000 + ((ulong)i * 100), 7, (uint)i, Block.Address + (i * size), size);
        }
    }

    public PayloadBlock Block { get; }

    /// <summary>Ascending.</summary>
    public EventEntry[] Entries { get; }

    /// <summary>Every n-th entry from the k-th on, as a run of its own.</summary>
    public EventRun Share(int k, int n)
    {
        var builder = new EventRunBuilder();
        for (int i = k; i < Entries.Length; i += n)
        {
            builder.Append(Entries[i], Block);
        }

        return builder.Build()!;
    }

    public void Dispose() => Block.Release();
}
