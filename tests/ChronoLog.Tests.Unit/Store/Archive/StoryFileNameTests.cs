using ChronoLog.Store.Archive;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Store.Archive;

[TestFixture]
public class StoryFileNameTests
{
    [Test]
    public void Names_are_padded_and_read_back()
    {
        var name = new StoryFileName(5, ulong.MaxValue, 3);

        Assert.That(name.ToString(), Is.EqualTo("00000000000000000005-18446744073709551615-3.h5"));
        Assert.That(StoryFileName.TryParse(name.ToString(), out StoryFileName read), Is.True);
        Assert.That(read, Is.EqualTo(name));
    }

    [Test]
    public void Names_sort_by_time()
    {
        var random = new Random(1);
        StoryFileName[] names = [.. Enumerable.Range(0, 200).Select(_ =>
        {
            ulong start = (ulong)random.NextInt64() >> random.Next(60);
            return new StoryFileName(start, start + (ulong)random.Next(100), (uint)random.Next(10));
        })];

        Assert.That(
            names.Order().Select(name => name.ToString()),
            Is.EqualTo(names.Select(name => name.ToString()).Order(StringComparer.Ordinal)));
    }

    [TestCase("")]
    [TestCase("x.h5")]
    [TestCase("1-2-0.h5")]
    [TestCase("00000000000000000005-00000000000000000004-0.h5")]
    [TestCase("00000000000000000001-00000000000000000002-00.h5")]
    [TestCase("00000000000000000001-00000000000000000002-4294967296.h5")]
    [TestCase("00000000000000000001-00000000000000000002-0.csv")]
    [TestCase("99999999999999999999-99999999999999999999-0.h5")]
    [TestCase("+0000000000000000001-00000000000000000002-0.h5")]
    public void Other_names_are_foreign(string text) => Assert.That(StoryFileName.TryParse(text, out _), Is.False);
}
