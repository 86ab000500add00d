using ChronoLog.Grapher.Stories;
using ChronoLog.Store.Archive;
using FsCheck;
using FsCheck.Fluent;

namespace ChronoLog.Tests.Unit.Grapher;

public sealed class ArchivedSequencesTests
{
    [FsCheck.NUnit.Property(MaxTest = 300)]
    public Property It_knows_exactly_what_was_added() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), added => AgreesWithModel(added));

    [Test]
    public void Beyond_its_bound_it_forgets_the_oldest()
    {
        var sequences = new ArchivedSequences(rangesMax: 4);
        for (ulong i = 0; i < 100; i++)
        {
            sequences.Add(new PartialKey(1, 1, i * 2));
        }

        Assert.That(sequences.Ranges, Is.EqualTo(4));
        Assert.That(sequences.Contains(new PartialKey(1, 1, 198)), Is.True);
        Assert.That(sequences.Contains(new PartialKey(1, 1, 0)), Is.False);
        sequences.Add(new PartialKey(2, 1, 7));
        Assert.That(sequences.Contains(new PartialKey(2, 1, 7)), Is.True);
        Assert.That(sequences.Ranges, Is.EqualTo(4));
    }

    private static bool AgreesWithModel(byte[] added)
    {
        var sequences = new ArchivedSequences();
        var model = new HashSet<PartialKey>();
        foreach (byte number in added)
        {
            sequences.Add(Key(number));
            model.Add(Key(number));
        }

        int ranges = model.Count(key => !model.Contains(key with { Sequence = key.Sequence - 1 }));
        return sequences.Ranges == ranges && Enumerable.Range(0, 256).All(number =>
            sequences.Contains(Key((byte)number)) == model.Contains(Key((byte)number))
            && !sequences.Contains(Key((byte)number) with { Epoch = 2 }));
    }

    // Few processes and small numbers, so that ranges meet.
    private static PartialKey Key(byte number) => new((ulong)(number >> 6), 1, (ulong)(number & 63));
}
