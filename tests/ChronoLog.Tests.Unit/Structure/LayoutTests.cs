using System.Text.RegularExpressions;

namespace ChronoLog.Tests.Unit.Structure;

/// <summary>The house's rules that a reader relies on.</summary>
public sealed class LayoutTests
{
    private const int FileLinesMax = 500;
    private const int ColumnsMax = 140;

    // Rooms where raw pointers are the subject. Elsewhere memory is reached through spans.
    private static readonly string[] UnsafeRooms =
    [
        "interop/", "managed/ChronoLog.Transport/", "managed/ChronoLog.Store/", "managed/ChronoLog.Core/Model/",
        "managed/ChronoLog.Core/Chunk/", "managed/ChronoLog.Core/Ports/IJournal.cs", "tests/", "bench/",
    ];

    [Test]
    public void TopLevelIsFixed()
    {
        string[] expected =
        [
            "ChronoLog.sln", "Directory.Build.props", "Directory.Packages.props", "LICENSE", "README.md", "bench",
            "build.sh", "cmake", "interop", "managed", "native", "tests",
        ];
        IEnumerable<string?> found = Directory.EnumerateFileSystemEntries(Repository.Root)
            .Select(Path.GetFileName)
            .Where(name => !name!.StartsWith('.') && name != "artifacts");
        Assert.That(found, Is.EquivalentTo(expected));
    }

    [Test]
    public void NoFileIsTooLong() =>
        Assert.That(
            Repository.Sources(".cs", ".c", ".h", ".proto")
                .Where(file => File.ReadLines(file).Count() > FileLinesMax)
                .Select(Repository.Relative),
            Is.Empty);

    [Test]
    public void NoLineIsTooWide() =>
        Assert.That(
            Repository.Sources(".cs", ".c", ".h")
                .Where(file => !Repository.Relative(file).StartsWith("tests/", StringComparison.Ordinal))
                .Where(file => !file.EndsWith("Methods.cs", StringComparison.Ordinal))
                .SelectMany(file => File.ReadLines(file).Select((line, number) => (file, line, number)))
                .Where(each => each.line.Length > ColumnsMax)
                .Select(each => $"{Repository.Relative(each.file)}:{each.number + 1}"),
            Is.Empty);

    [Test]
    public void NoVagueNames()
    {
        var vague = new Regex("(Utils?|Helpers?|Manager|Misc|deprecated_.*)$");
        Assert.That(
            Repository.Sources(".cs", ".c", ".h")
                .Where(file => vague.IsMatch(Path.GetFileNameWithoutExtension(file)))
                .Select(Repository.Relative),
            Is.Empty);
    }

    [Test]
    public void UnsafeStaysInItsRooms()
    {
        var word = new Regex(@"^\s*(public|internal|private|protected)?.*\bunsafe\b", RegexOptions.Multiline);
        Assert.That(
            Repository.Sources(".cs")
                .Select(Repository.Relative)
                .Where(file => !UnsafeRooms.Any(room => file.StartsWith(room, StringComparison.Ordinal)))
                .Where(file => word.IsMatch(StripComments(File.ReadAllText(Path.Combine(Repository.Root, file))))),
            Is.Empty);
    }

    [Test]
    public void NamespacesFollowFolders()
    {
        var declared = new Regex(@"^namespace ([\w.]+);", RegexOptions.Multiline);
        var offenders = new List<string>();
        foreach (string file in Repository.Sources(".cs").Select(Repository.Relative))
        {
            string[] parts = file.Split('/');
            string expected = string.Join('.', parts.Skip(1).SkipLast(1));
            Match match = declared.Match(File.ReadAllText(Path.Combine(Repository.Root, file)));
            if (match.Success && match.Groups[1].Value != expected)
            {
                offenders.Add($"{file}: {match.Groups[1].Value}, expected {expected}");
            }
        }

        Assert.That(offenders, Is.Empty);
    }

    [Test]
    public void EveryRoomHasAGuide()
    {
        IEnumerable<string> rooms = Repository.Sources(".cs", ".c", ".proto")
            .Select(file => Repository.Relative(Path.GetDirectoryName(file)!))
            .Where(folder => !folder.StartsWith("tests", StringComparison.Ordinal))
            .GroupBy(folder => folder)
            .Where(group => group.Count() > 3)
            .Select(group => group.Key);
        Assert.That(rooms.Where(room => !HasGuide(room)), Is.Empty);
    }

    // A room's guide may stand in the room, or in the project's root when that tells of the room by name.
    private static bool HasGuide(string room)
    {
        string name = Path.GetFileName(room) + "/";
        for (string? at = room; !string.IsNullOrEmpty(at); at = Path.GetDirectoryName(at))
        {
            string guide = Path.Combine(Repository.Root, at, "README.md");
            if (File.Exists(guide) && (at == room || File.ReadAllText(guide).Contains(name, StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }

    private static string StripComments(string text) => Regex.Replace(text, "//.*", "");
}
