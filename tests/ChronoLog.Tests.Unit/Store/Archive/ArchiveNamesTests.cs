using System.Text;
using ChronoLog.Core.Model;
using ChronoLog.Store.Archive;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using NUnitProperty = FsCheck.NUnit.PropertyAttribute;

namespace ChronoLog.Tests.Unit.Store.Archive;

[TestFixture]
public class ArchiveNamesTests
{
    private static readonly Rune[] AwkwardRunes = [.. "./%~a😀ä".EnumerateRunes()];

    private static readonly string[] Awkward =
    [
        ".", "..", "...", ".hidden", "a.b", "a/b", "a%2Fb", "a b", "~", "a~b", "é", "日本", "😀", "-", "_", "A", "a",
        "a\\b", "a\nb", "%", "%2E", new('x', 200), new('x', 201), new('x', 1024), new string('x', 1023) + "y",
        string.Concat(Enumerable.Repeat("ä", 500)),
    ];

    [Test]
    public void Components_are_safe_distinct_and_decode()
    {
        foreach (string name in Awkward)
        {
            AssertSafe(ArchiveNames.Encode(name), name);
        }

        Assert.That(Awkward.Select(name => ArchiveNames.Encode(name)).Distinct().Count(), Is.EqualTo(Awkward.Distinct().Count()));
    }

    [TestCase("plain-Name_1.log", "plain-Name_1.log")]
    [TestCase("a/b c", "a%2Fb%20c")]
    [TestCase("..", "%2E.")]
    [TestCase("ä", "%C3%A4")]
    public void Encoding_is_as_documented(string name, string component) =>
        Assert.That(ArchiveNames.Encode(name), Is.EqualTo(component));

    [Test]
    public void Incarnations_have_directories_of_their_own_and_decode()
    {
        var names = Awkward.SelectMany(story => new uint[] { 0, 1, 10, 12345678, uint.MaxValue }
            .Select(incarnation => new StoryName("c", story, incarnation))).ToList();
        Assert.That(names.Select(name => ArchiveNames.Encode(name)).Distinct().Count(), Is.EqualTo(names.Count));
        foreach (StoryName name in names)
        {
            (string chronicle, string story) = ArchiveNames.Encode(name);
            Assert.That(story, Has.Length.LessThanOrEqualTo(ArchiveNames.ComponentLengthMax + 11));
            Assert.That(ArchiveNames.IncarnationOf(story, out _), Is.EqualTo(name.Incarnation));
            bool isWhole = !ArchiveNames.Encode(name.Story).Contains('~');
            Assert.That(ArchiveNames.TryDecode(chronicle, story, out StoryName decoded), Is.EqualTo(isWhole));
            Assert.That(decoded, Is.EqualTo(isWhole ? name : default));
        }
    }

    [TestCase("~1")]
    [TestCase("a~0")]
    [TestCase("a~01")]
    [TestCase("a~4294967296")]
    [TestCase("a~1~2")]
    [TestCase("a~-1")]
    public void Other_marks_are_no_incarnation(string component) =>
        Assert.That(ArchiveNames.TryDecode("c", component, out _), Is.False);

    [TestCase("")]
    [TestCase("%")]
    [TestCase("%2")]
    [TestCase("%2f")]
    [TestCase("%41")]
    [TestCase("a b")]
    [TestCase(".a")]
    [TestCase("%FF")]
    [TestCase("a~00")]
    public void Other_components_do_not_decode(string component) =>
        Assert.That(ArchiveNames.TryDecode(component, out _), Is.False);

    [Test]
    public void Half_a_surrogate_pair_is_refused() =>
        Assert.That(() => ArchiveNames.Encode("a\ud800"), Throws.ArgumentException);

    [Test]
    public void An_escape_is_never_cut()
    {
        for (int pad = 0; pad < 6; pad++)
        {
            string encoded = ArchiveNames.Encode(new string('x', pad) + string.Concat(Enumerable.Repeat("ä", 300)));
            string prefix = encoded[..encoded.IndexOf('~', StringComparison.Ordinal)];
            Assert.That(prefix[pad..].Length % 3, Is.Zero, encoded);
        }
    }

    [NUnitProperty(MaxTest = 300)]
    public Property Any_name_has_a_safe_component() => Prop.ForAll(
        ArbMap.Default.ArbFor<NonEmptyString>(),
        text =>
        {
            string name = new([.. text.Get.Where(c => !char.IsSurrogate(c))]);
            if (name.Length > 0)
            {
                AssertSafe(ArchiveNames.Encode(name), name);
            }
        });

    [NUnitProperty(MaxTest = 300)]
    public Property Different_names_have_different_components() => Prop.ForAll(
        Gen.Choose(1, 300).SelectMany(n => Gen.ArrayOf(Gen.Elements(AwkwardRunes), n)).Two().ToArbitrary(),
        pair =>
        {
            string first = string.Concat(pair.Item1);
            string second = string.Concat(pair.Item2);
            Assert.That(ArchiveNames.Encode(first) == ArchiveNames.Encode(second), Is.EqualTo(first == second));
        });

    private static void AssertSafe(string component, string name)
    {
        Assert.That(component, Does.Match(@"\A[A-Za-z0-9_\-%~][A-Za-z0-9_\-.%~]*\z"));
        Assert.That(component.Length, Is.InRange(1, ArchiveNames.ComponentLengthMax));
        bool shortened = component.Contains('~', StringComparison.Ordinal);
        Assert.That(ArchiveNames.TryDecode(component, out string decoded), Is.EqualTo(!shortened));
        if (!shortened)
        {
            Assert.That(decoded, Is.EqualTo(name));
        }
        else
        {
            Assert.That(Encoding.UTF8.GetByteCount(name) * 3, Is.GreaterThan(ArchiveNames.ComponentLengthMax));
        }
    }
}
