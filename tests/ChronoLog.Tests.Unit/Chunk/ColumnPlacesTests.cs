using System.Runtime.InteropServices;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;

namespace ChronoLog.Tests.Unit.Chunk;

/// <summary>What C reads in place is what the entries say, of a whole page and of every slice of it.</summary>
public sealed unsafe class ColumnPlacesTests
{
    private const int Events = 20;

    [Test]
    public void EverySliceHasItsColumnsInPlace()
    {
        using var image = new PageImage(Events);
        for (int start = 0; start < Events; start++)
        {
            for (int count = 1; count <= Events - start; count++)
            {
                EventRun slice = image.Run.Slice(start, count);
                Check(slice);
                slice.Release();
            }
        }
    }

    [Test]
    public void ARunThatLiesInNoImageIsRefused()
    {
        var run = new EventRun([new EventEntry(1, 2, 3, 0, 0)], 0, 1, []);
        Assert.Throws<InvalidOperationException>(() => ColumnImage.PlacesOf(run));
        run.Release();
    }

    private static void Check(EventRun run)
    {
        ColumnPlaces places = ColumnImage.PlacesOf(run);
        ArraySegment<EventEntry> entries = run.EntriesInPlace;
        Assert.That(entries, Has.Count.EqualTo(run.Count));
        for (int i = 0; i < run.Count; i++)
        {
            EventEntry entry = run.Entries[i];
            ulong offset = ((ulong*)places.RecordOffset)[i];
            Assert.Multiple(() =>
            {
                Assert.That(entries[i].Sequence, Is.EqualTo(entry.Sequence));
                Assert.That(((ulong*)places.EventTime)[i], Is.EqualTo(entry.EventTime));
                Assert.That(((ulong*)places.ClientId)[i], Is.EqualTo(entry.ClientId));
                Assert.That(((uint*)places.EventIndex)[i], Is.EqualTo(entry.EventIndex));
                Assert.That(places.Records + (nint)offset, Is.EqualTo(entry.Address));
                Assert.That(((ulong*)places.RecordOffset)[i + 1] - offset, Is.EqualTo((ulong)entry.Length));
            });
        }
    }

    /// <summary>A page as it comes from a Player: an image in memory that does not move.</summary>
    private sealed class PageImage : IDisposable
    {
        private readonly Block block;

        public PageImage(int events)
        {
            byte* records = stackalloc byte[events];
            var entries = new EventEntry[events];
            for (int i = 0; i < events; i++)
            {
                records[i] = (byte)i;
                entries[i] = new EventEntry(100 + (ulong)i, 7, (uint)i * 3, (nint)(records + (i / 2)), i % 3);
            }

            long recordBytes = entries.Sum(entry => (long)entry.Length);
            int length = (int)ColumnImage.RequiredBytes(events, recordBytes);
            block = new Block(length);
            var header = new ColumnImageHeader(1, 0, ulong.MaxValue, default, 0, 0, 0, 0);
            ColumnImage.Write(new Span<byte>((void*)block.Address, length), header, entries, recordBytes);
            Run = ColumnImage.ToRun(block, length);
            block.Release();
        }

        public EventRun Run { get; }

        public void Dispose() => Run.Release();
    }

    private sealed class Block(int length) : PayloadBlock
    {
        public override nint Address { get; } = (nint)NativeMemory.AlignedAlloc((nuint)length, 8);

        public override long Length => length;

        protected override void Free() => NativeMemory.AlignedFree((void*)Address);
    }
}
