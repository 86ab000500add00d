using NUnit.Framework;
using ChronoLog.Transport.Bulk;
using FsCheck;
using FsCheck.Fluent;

namespace ChronoLog.Tests.Unit.Bulk;

public sealed class ExposureEntryTests
{
    [Test]
    public void It_is_one_cache_line() =>
        Assert.That(System.Runtime.CompilerServices.Unsafe.SizeOf<ExposureEntry>(), Is.EqualTo(ExposureEntry.Bytes));

    /// <summary>A reader that sees some fields of one entry and some of another must notice.</summary>
    [FsCheck.NUnit.Property]
    public Property Mixtures_of_two_entries_are_inconsistent(ulong[] first, ulong[] second, byte mixture)
    {
        ExposureEntry left = Make(first);
        ExposureEntry right = Make(second);
        var mixed = new ExposureEntry
        {
            Key = (mixture & 1) == 0 ? left.Key : right.Key,
            RegionKey = (mixture & 2) == 0 ? left.RegionKey : right.RegionKey,
            RemoteAddress = (mixture & 4) == 0 ? left.RemoteAddress : right.RemoteAddress,
            Length = (mixture & 8) == 0 ? left.Length : right.Length,
            Check = (mixture & 16) == 0 ? left.Check : right.Check,
        };
        bool pure = Same(mixed, left) || Same(mixed, right);
        return (mixed.IsConsistent == pure).ToProperty();
    }

    [Test]
    public void A_closed_entry_is_closed_and_not_consistent()
    {
        Assert.That(default(ExposureEntry).IsClosed, Is.True);
        Assert.That(default(ExposureEntry).IsConsistent, Is.False);
    }

    private static ExposureEntry Make(ulong[] fields)
    {
        var entry = new ExposureEntry
        {
            Key = fields.ElementAtOrDefault(0) + 1,
            RegionKey = fields.ElementAtOrDefault(1),
            RemoteAddress = fields.ElementAtOrDefault(2),
            Length = fields.ElementAtOrDefault(3),
        };
        entry.Check = entry.ComputeCheck();
        return entry;
    }

    private static bool Same(in ExposureEntry left, in ExposureEntry right) =>
        left.Key == right.Key && left.RegionKey == right.RegionKey && left.RemoteAddress == right.RemoteAddress &&
        left.Length == right.Length && left.Check == right.Check;
}
