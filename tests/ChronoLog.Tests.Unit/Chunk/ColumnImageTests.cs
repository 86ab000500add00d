using System.Buffers.Binary;
using System.Text;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Chunk;

public sealed class ColumnImageTests
{
    private static readonly ColumnImageHeader Header =
        new(7, 0, 1_000, ColumnImageFlags.Complete, ProcessId: 3, Epoch: 4, Sequence: 5, Watermark: 6);

    [Test]
    public void What_is_written_is_read_back()
    {
        var ledger = new CountedBlock.Ledger();
        for (int seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            List<ModelEvent> events = Make(random, random.Next(0, 100));
            PinnedBlock block = Image(ledger, events, out int length);
            EventRun run = ColumnImage.ToRun(block, length, out ColumnImageHeader header);
            block.Release();
            List<ModelEvent> expected = ModelEvent.Merge(events);
            Assert.That(run.Events(), Is.EqualTo(expected), $"seed {seed}");
            Assert.That(run.RecordBytes, Is.EqualTo(expected.Sum(e => e.Record.Length)));
            Assert.That(header, Is.EqualTo(Header with
            {
                Count = expected.Count,
                RecordBytes = run.RecordBytes,
                FirstTime = expected.FirstOrDefault()?.Time ?? 0,
                LastTime = expected.LastOrDefault()?.Time ?? 0,
            }));
            Assert.That(block.References, Is.EqualTo(1));
            run.Release();
            Assert.That(block.References, Is.Zero);
        }

        Assert.That(ledger.Alive, Is.Zero);
    }

    [Test]
    public void Layout_is_as_the_descriptor_draws_it()
    {
        PinnedBlock block = Image(new(), [new(10, 1, 2, "abc"), new(20, 3, 4, "de")], out int length);
        ReadOnlySpan<byte> image = block.Span[..length];
        Assert.That(Encoding.ASCII.GetString(image[..4]), Is.EqualTo("CLC1"));
        Assert.That(Encoding.ASCII.GetString(image.Slice(128, 5)), Is.EqualTo("abcde"));
        List<ulong> words = [];
        for (int offset = 136; offset < length - 8; offset += 8)
        {
            words.Add(BinaryPrimitives.ReadUInt64LittleEndian(image[offset..]));
        }

        Assert.That(words, Is.EqualTo((ulong[])[10, 20, 1, 3, 0, 3, 5]));
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(image[^8..]), Is.EqualTo(2));
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(image[^4..]), Is.EqualTo(4));
        Assert.That(length, Is.EqualTo(ColumnImage.RequiredBytes(2, 5)));
        ColumnImageView view = ColumnImage.Parse(image);
        Assert.That(view.Record(1).SequenceEqual("de"u8));
    }

    [Test]
    public void Any_changed_byte_gives_an_error_or_another_record_and_never_a_crash()
    {
        PinnedBlock block = Image(new(), Make(new Random(5), 21), out int length);
        int records = (int)ColumnImage.Parse(block.Span[..length]).Header.RecordBytes;
        for (int position = 0; position < length; position++)
        {
            byte before = block.Span[position];
            foreach (byte change in (byte[])[0x01, 0x80, 0xFF])
            {
                block.Span[position] ^= change;
                bool parsed = TryToRun(block, length, out _);
                bool mayParse = position >= 128 && position < 128 + records || position >= 128 + ((records + 7) & ~7);
                Assert.That(!parsed || mayParse, $"byte {position} of header or padding xor {change} went unnoticed");
                block.Span[position] = before;
            }
        }

        Assert.That(TryToRun(block, length, out _), "and unchanged it is read");
    }

    [Test]
    public void Any_other_length_is_an_error()
    {
        PinnedBlock image = Image(new(), Make(new Random(6), 17), out int length);
        var larger = new PinnedBlock(length + 64);
        image.Span[..length].CopyTo(larger.Span);
        for (int other = 0; other <= length + 64; other++)
        {
            Assert.That(TryToRun(larger, other, out _), Is.EqualTo(other == length), $"length {other} of {length}");
        }

        Assert.That(TryToRun(larger, length + 65, out _), Is.False, "longer than its block");
        Assert.That(TryToRun(larger, -1, out _), Is.False);
    }

    [TestCase(32, uint.MaxValue)]
    [TestCase(32, 0x7FFF_FFFFu)]
    [TestCase(40, ulong.MaxValue)]
    [TestCase(40, 0x7FFF_FFFF_FFFF_FFFFul)]
    [TestCase(40, ulong.MaxValue - 127)]
    [TestCase(16, 500ul)]
    [TestCase(24, 1ul)]
    [TestCase(80, 0ul)]
    [TestCase(88, 999ul)]
    [TestCase(96, 1ul)]
    public void Lying_header_with_a_right_checksum_is_an_error(int offset, ulong value)
    {
        PinnedBlock block = Image(new(), Make(new Random(7), 9), out int length);
        BinaryPrimitives.WriteUInt64LittleEndian(block.Span[offset..], value);
        Seal(block);
        Assert.That(TryToRun(block, length, out _), Is.False);
    }

    [Test]
    public void Every_other_version_and_unknown_flag_is_refused()
    {
        PinnedBlock block = Image(new(), Make(new Random(8), 3), out int length);
        block.Span[4] = 2;
        Seal(block);
        Assert.That(() => ColumnImage.Parse(block.Span[..length]), Throws.TypeOf<ChronoLogException>()
            .With.Property("Status").EqualTo(Status.Corrupt).And.Message.Contains("version 2"));
        block.Span[4] = 1;
        block.Span[6] = 0x40;
        Seal(block);
        Assert.That(TryToRun(block, length, out _), Is.False);
    }

    [Test]
    public void Random_columns_are_checked_as_the_model_does()
    {
        // Small values, so that many columns are valid and many are not.
        int valid = 0;
        for (int seed = 0; seed < 1_500; seed++)
        {
            var random = new Random(seed);
            int count = random.Next(1, 11);
            PinnedBlock block = Image(new(), Make(new Random(9), 60), out int length, count, out int records);
            int columns = 128 + ((records + 7) & ~7);
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                int element = random.Next((count * 3) + 1);
                ulong value = (ulong)random.Next(50);
                BinaryPrimitives.WriteUInt64LittleEndian(block.Span[(columns + (8 * element))..], value);
            }

            SealTimes(block, columns, count);
            bool parsed = TryToRun(block, length, out EventRun? run);
            Assert.That(parsed, Is.EqualTo(IsValid(block.Span[..length], columns, count, records)), $"seed {seed}");
            valid += parsed ? 1 : 0;
            if (parsed)
            {
                Assert.That(run!.Events().Sum(e => e.Record.Length), Is.EqualTo(records));
            }
        }

        Assert.That(valid, Is.InRange(50, 1_450), "both outcomes happen");
    }

    [Test]
    public void Chunk_larger_than_its_slab_is_an_error()
    {
        EventRun run = new CountedBlock.Ledger().Run(ModelEvent.Merge(Make(new Random(1), 50)));
        using MergeCursor cursor = MergeCursor.Over([run]);
        byte[] target = new byte[ColumnImage.RequiredBytes(run.Count, run.RecordBytes) - 1];
        Assert.That(() => ColumnImage.Write(target, Header, cursor), Throws.TypeOf<ChronoLogException>()
            .With.Property("Status").EqualTo(Status.LimitExceeded));
    }

    private static bool TryToRun(PinnedBlock block, int length, out EventRun? run)
    {
        int references = block.References;
        try
        {
            run = ColumnImage.ToRun(block, length);
            run.Events();
            return true;
        }
        catch (ChronoLogException exception)
        {
            Assert.That(exception.Status, Is.EqualTo(Status.Corrupt));
            Assert.That(block.References, Is.EqualTo(references), "a refused image leaves no reference");
            run = null;
            return false;
        }
    }

    /// <summary>The rules, one by one and slowly.</summary>
    private static bool IsValid(ReadOnlySpan<byte> image, int columns, int count, int records)
    {
        var sequences = new List<EventSequence>();
        var offsets = new List<ulong>();
        for (int index = 0; index < count; index++)
        {
            sequences.Add(new EventSequence(
                BinaryPrimitives.ReadUInt64LittleEndian(image[(columns + (8 * index))..]),
                BinaryPrimitives.ReadUInt64LittleEndian(image[(columns + (8 * (count + index)))..]),
                BinaryPrimitives.ReadUInt32LittleEndian(image[(columns + (8 * ((3 * count) + 1)) + (4 * index))..])));
        }

        for (int index = 0; index <= count; index++)
        {
            offsets.Add(BinaryPrimitives.ReadUInt64LittleEndian(image[(columns + (8 * ((2 * count) + index)))..]));
        }

        return sequences.SequenceEqual(sequences.Order()) && offsets.SequenceEqual(offsets.Order())
            && offsets[0] == 0 && offsets[^1] == (ulong)records;
    }

    private static void Seal(PinnedBlock block) =>
        BinaryPrimitives.WriteUInt32LittleEndian(block.Span[124..], Crc32C.Compute(block.Span[..124]));

    private static void SealTimes(PinnedBlock block, int columns, int count)
    {
        block.Span.Slice(columns, 8).CopyTo(block.Span[80..]);
        block.Span.Slice(columns + (8 * (count - 1)), 8).CopyTo(block.Span[88..]);
        Seal(block);
    }

    private static List<ModelEvent> Make(Random random, int count) => [.. Enumerable.Range(0, count).Select(index =>
    {
        int length = random.Next(3) == 0 ? 0 : random.Next(30);
        return ModelEvent.Next(random, record: new string((char)('a' + (index % 26)), length));
    })];

    private static PinnedBlock Image(CountedBlock.Ledger ledger, List<ModelEvent> events, out int length) =>
        Image(ledger, events, out length, int.MaxValue, out _);

    private static PinnedBlock Image(
        CountedBlock.Ledger ledger, List<ModelEvent> events, out int length, int limit, out int recordBytes)
    {
        List<ModelEvent> taken = limit == int.MaxValue ? events : [.. ModelEvent.Merge(events).Take(limit)];
        recordBytes = taken.Sum(e => e.Record.Length);
        EventRun[] runs = [.. taken.Chunk(7).Select(ledger.Run)];
        using MergeCursor cursor = MergeCursor.Over(runs);
        Array.ForEach(runs, run => run.Release());
        var block = new PinnedBlock((int)ColumnImage.RequiredBytes(taken.Count, recordBytes) + 8);
        block.Span.Fill(0xEE);
        length = ColumnImage.Write(block.Span, Header, cursor);
        return block;
    }
}
