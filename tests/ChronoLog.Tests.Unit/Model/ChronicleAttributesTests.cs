using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Model;

public sealed class ChronicleAttributesTests
{
    [Test]
    public void Nothing_given_means_the_defaults()
    {
        ChronicleAttributes attributes = ChronicleAttributes.Parse([]);
        Assert.Multiple(() =>
        {
            Assert.That(attributes.Granularity, Is.EqualTo(Granularity.Nanoseconds));
            Assert.That(attributes.GranularityNanoseconds, Is.EqualTo(1));
            Assert.That(attributes.Collision, Is.EqualTo(CollisionPolicy.Redundancy));
            Assert.That(attributes.Tiering, Is.EqualTo(Tiering.Normal));
            Assert.That(attributes.Type, Is.EqualTo(ChronicleType.Standard));
            Assert.That(attributes.Durability, Is.EqualTo(DurabilityLevel.Synced));
            Assert.That(attributes.Replicas, Is.EqualTo(1));
            Assert.That(attributes.Metadata, Is.Empty);
        });
    }

    [Test]
    public void Everything_given_is_read_and_given_back()
    {
        var given = new Dictionary<string, string>
        {
            ["granularity"] = "ms", ["collision"] = "sequentiality", ["tiering"] = "cold", ["type"] = "priority",
            ["durability"] = "archived", ["replicas"] = "2", ["owner"] = "me", ["empty"] = "",
        };
        ChronicleAttributes attributes = ChronicleAttributes.Parse(given);
        Assert.Multiple(() =>
        {
            Assert.That(attributes.GranularityNanoseconds, Is.EqualTo(1_000_000));
            Assert.That(attributes.Collision, Is.EqualTo(CollisionPolicy.Sequentiality));
            Assert.That(attributes.Durability, Is.EqualTo(DurabilityLevel.Archived));
            Assert.That(attributes.Replicas, Is.EqualTo(2));
            Assert.That(attributes.Metadata.Keys, Is.EquivalentTo((string[])["owner", "empty"]));
            Assert.That(attributes.ToDictionary(), Is.EquivalentTo(given));
        });
    }

    [TestCase("granularity", "minutes", "ns, us, ms, s")]
    [TestCase("collision", "", "redundancy, idempotent, ordering, sequentiality")]
    [TestCase("tiering", "warm", "normal, hot, cold")]
    [TestCase("type", "Standard", "standard, priority")]
    [TestCase("durability", "fast", "accepted, journaled, synced, replicated, archived")]
    [TestCase("replicas", "3", "1, 2")]
    public void Bad_value_is_refused_with_key_value_and_what_is_allowed(string key, string value, string allowed)
    {
        var exception = Assert.Throws<ChronoLogException>(() => ChronicleAttributes.Parse([new(key, value)]));
        Assert.That(exception!.Status, Is.EqualTo(Status.InvalidArgument));
        Assert.That(exception.Message, Does.Contain($"'{key}'").And.Contain($"'{value}'").And.Contain(allowed));
        Assert.That(() => ChronicleAttributes.Check(key, value), Throws.TypeOf<ChronoLogException>());
    }

    [Test]
    public void Attribute_without_a_name_is_refused() =>
        Assert.That(() => ChronicleAttributes.Check("", "x"), Throws.TypeOf<ChronoLogException>());

    [Test]
    public void Levels_have_names([Values] DurabilityLevel level)
    {
        string name = ChronicleAttributes.FormatDurability(level);
        Assert.That(ChronicleAttributes.ParseDurability(name), Is.EqualTo(level));
    }
}
