using System.Xml.Linq;

namespace ChronoLog.Tests.Unit.Structure;

/// <summary>Which project may see which: the structure is a rule, not a habit.</summary>
public sealed class ReferenceRulesTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["ChronoLog.Core"] = [],
        ["ChronoLog.Interop"] = [],
        ["ChronoLog.Transport"] = ["ChronoLog.Core", "ChronoLog.Interop"],
        ["ChronoLog.Store"] = ["ChronoLog.Core", "ChronoLog.Interop"],
        ["ChronoLog.Visor"] = ["ChronoLog.Core"],
        ["ChronoLog.Keeper"] = ["ChronoLog.Core"],
        ["ChronoLog.Grapher"] = ["ChronoLog.Core", "ChronoLog.Store"],
        ["ChronoLog.Player"] = ["ChronoLog.Core", "ChronoLog.Store"],
        ["ChronoLog.Client"] = ["ChronoLog.Core", "ChronoLog.Transport"],
        ["ChronoLog.Extensions.Logging"] = ["ChronoLog.Client"],
        ["ChronoLog.Abi"] = ["ChronoLog.Client"],
        ["ChronoLog.App"] =
        [
            "ChronoLog.Core", "ChronoLog.Interop", "ChronoLog.Transport", "ChronoLog.Store", "ChronoLog.Visor",
            "ChronoLog.Keeper", "ChronoLog.Grapher", "ChronoLog.Player", "ChronoLog.Client",
        ],
    };

    private static IEnumerable<string> Projects() =>
        new[] { "managed", "interop" }
            .SelectMany(folder => Directory.EnumerateFiles(
                Path.Combine(Repository.Root, folder), "*.csproj", SearchOption.AllDirectories));

    [Test]
    public void EveryProjectIsInTheTable() =>
        Assert.That(Projects().Select(Path.GetFileNameWithoutExtension), Is.EquivalentTo(Allowed.Keys));

    [TestCaseSource(nameof(Projects))]
    public void ProjectSeesOnlyWhatItMay(string project)
    {
        IEnumerable<string> seen = XDocument.Load(project).Descendants("ProjectReference")
            .Select(reference => reference.Attribute("Include")!.Value.Replace('\\', '/'))
            .Select(path => Path.GetFileNameWithoutExtension(path));
        Assert.That(seen, Is.SubsetOf(Allowed[Path.GetFileNameWithoutExtension(project)]));
    }

    // Grapher and Player get Interop transitively through Store; they must not use it.
    [TestCase("Visor")]
    [TestCase("Keeper")]
    [TestCase("Grapher")]
    [TestCase("Player")]
    [TestCase("Core")]
    public void DomainNamesNoOuterRoom(string room)
    {
        string folder = Path.Combine(Repository.Root, "managed", "ChronoLog." + room);
        string[] banned = ["ChronoLog.Interop", "ChronoLog.Transport", "DllImport", "LibraryImport"];
        IEnumerable<string> offenders = Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .Where(file => banned.Any(name => File.ReadAllText(file).Contains(name, StringComparison.Ordinal)));
        Assert.That(offenders, Is.Empty);
    }

    [Test]
    public void OnlyTransportUsesTheWireBindings()
    {
        string[] rooms = ["ChronoLog.Interop.Zmq", "ChronoLog.Interop.Fabric", "ChronoLog.Interop.Ring"];
        IEnumerable<string> offenders = Repository.Sources(".cs")
            .Where(file => Repository.Relative(file).StartsWith("managed/", StringComparison.Ordinal))
            .Where(file =>
                !Repository.Relative(file).StartsWith("managed/ChronoLog.Transport/", StringComparison.Ordinal))
            .Where(file =>
                rooms.Any(room => File.ReadAllText(file).Contains("using " + room, StringComparison.Ordinal)))
            .Select(Repository.Relative);
        Assert.That(offenders, Is.Empty);
    }
}
