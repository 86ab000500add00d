using System.Text;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;

namespace ChronoLog.Tests.Unit.Chunk;

/// <summary>
/// A block that overwrites its memory when it is freed, so that reading a record after its block went away shows, and
/// that counts how many blocks are alive.
/// </summary>
internal sealed class CountedBlock : PayloadBlock
{
    private readonly byte[] bytes;
    private readonly Ledger ledger;
    private int used;

    public unsafe CountedBlock(Ledger ledger, int length)
    {
        this.ledger = ledger;
        bytes = GC.AllocateArray<byte>(Math.Max(1, length), pinned: true);
        fixed (byte* first = bytes)
        {
            Address = (nint)first;
        }

        ledger.Add(1);
    }

    public override nint Address { get; }

    public override long Length => bytes.Length;

    /// <summary>Copies a record in and makes its entry.</summary>
    public EventEntry Add(ModelEvent e)
    {
        int length = Encoding.UTF8.GetBytes(e.Record, bytes.AsSpan(used));
        var entry = new EventEntry(e.Time, e.Client, e.Index, Address + used, length);
        used += length;
        return entry;
    }

    protected override void Free()
    {
        Array.Fill(bytes, (byte)'#');
        ledger.Add(-1);
    }

    /// <summary>Blocks alive.</summary>
    internal sealed class Ledger
    {
        private int alive;

        public int Alive => Volatile.Read(ref alive);

        public void Add(int count) => Interlocked.Add(ref alive, count);

        /// <summary>
        /// A run of the events, sorted by the builder, in a block of its own that only the run holds.
        /// </summary>
        public EventRun Run(IEnumerable<ModelEvent> events)
        {
            ModelEvent[] all = [.. events];
            var block = new CountedBlock(this, all.Sum(e => Encoding.UTF8.GetByteCount(e.Record)));
            var builder = new EventRunBuilder();
            foreach (ModelEvent e in all)
            {
                builder.Append(block.Add(e), block);
            }

            block.Release();
            return builder.Build()!;
        }
    }
}
