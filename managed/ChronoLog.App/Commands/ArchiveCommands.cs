using System.CommandLine;
using System.Text.Json;
using ChronoLog.Core.Time;
using ChronoLog.Store.Archive;

namespace ChronoLog.App.Commands;

/// <summary><c>chronolog archive list|show|verify</c>: works on files, without a deployment.</summary>
internal static class ArchiveCommands
{
    public static Command Create()
    {
        var directory = new Argument<string>("DIR") { Description = "Root of an archive.", DefaultValueFactory = _ => "archive" };
        var file = new Argument<string>("FILE") { Description = "A StoryFile." };
        var list = new Command("list", "List the StoryFiles of an archive.") { directory };
        list.SetRunner((parsed, _) => Task.FromResult(List(parsed.GetValue(directory)!, parsed.GetValue(CommonOptions.Json))));
        var show = new Command("show", "Show what a StoryFile says of itself.") { file };
        show.SetRunner((parsed, _) => Task.FromResult(Show(parsed.GetValue(file)!, parsed.GetValue(CommonOptions.Json))));
        var verify = new Command("verify", "Check every byte of an archive, or of one StoryFile.") { directory };
        verify.SetRunner((parsed, _) => Task.FromResult(Verify(parsed.GetValue(directory)!, parsed.GetValue(CommonOptions.Json))));
        return new Command("archive", "List, show and verify StoryFiles.") { list, show, verify };
    }

    // "up" gives each recording group an archive of its own: DIR/archive/group-0/CHRONICLE/STORY/FILE.
    private static IEnumerable<string> Roots(string path)
    {
        string[] children = Directory.Exists(path) ? Directory.GetDirectories(path) : [];
        bool isOfGroups = children.Length > 0 && children.All(static child =>
            Path.GetFileName(child).StartsWith("group-", StringComparison.Ordinal)
            && Directory.EnumerateDirectories(child).All(static grandchild => !Directory.EnumerateFiles(grandchild).Any()));
        return isOfGroups ? children.Order(StringComparer.Ordinal) : [path];
    }

    private static int List(string directory, bool json)
    {
        foreach (ArchiveFileSummary file in Roots(directory).SelectMany(ArchiveInspector.List))
        {
            if (json)
            {
                JsonOutput.WriteLine(writer => WriteFields(writer, file));
                continue;
            }

            string what = file.Header is { } header
                ? $"{header.EventCount,10} events{(header.Supplementary ? "  supplementary" : "")}"
                : $"DAMAGED: {file.Damage}";
            Console.WriteLine(
                $"{ChronoTick.Format(file.StartTime)} .. {ChronoTick.Format(file.EndTime)} g{file.Generation}  "
                + $"{file.FileBytes,12} bytes  {what}  {file.Path}");
        }

        return ExitCode.Done;
    }

    private static void WriteFields(Utf8JsonWriter writer, ArchiveFileSummary file)
    {
        writer.WriteString("path", file.Path);
        writer.WriteString("chronicle", file.Chronicle);
        writer.WriteString("story", file.Story);
        writer.WriteNumber("start", file.StartTime);
        writer.WriteNumber("end", file.EndTime);
        writer.WriteNumber("generation", file.Generation);
        writer.WriteNumber("bytes", file.FileBytes);
        if (file.Header is { } header)
        {
            writer.WriteNumber("events", header.EventCount);
            writer.WriteNumber("first_event", header.FirstEventTime);
            writer.WriteNumber("last_event", header.LastEventTime);
            writer.WriteBoolean("supplementary", header.Supplementary);
            writer.WriteBoolean("complete", header.Complete);
        }
        else
        {
            writer.WriteString("damage", file.Damage);
        }
    }

    private static int Show(string path, bool json)
    {
        ArchiveFileDetail file = ArchiveInspector.Show(path);
        if (json)
        {
            JsonOutput.WriteLine(writer => WriteFields(writer, file));
            return ExitCode.Done;
        }

        StoryFileHeader header = file.Header;
        (string Name, string Value)[] rows =
        [
            ("path", file.Path), ("bytes", $"{file.FileBytes}"), ("format_version", $"{header.FormatVersion}"),
            ("chronicle", header.Chronicle), ("story", header.Story), ("story_id", $"{header.StoryId}"),
            ("start", ChronoTick.Format(header.StartTime)), ("end", ChronoTick.Format(header.EndTime)),
            ("generation", $"{header.Generation}"), ("events", $"{header.EventCount}"),
            ("record_bytes", $"{header.RecordBytes}"), ("first_event", ChronoTick.Format(header.FirstEventTime)),
            ("last_event", ChronoTick.Format(header.LastEventTime)), ("collision", header.Collision),
            ("granularity", header.Granularity), ("complete", $"{header.Complete}"),
            ("supplementary", $"{header.Supplementary}"), ("keepers", string.Join(",", file.Keepers)),
            ("partials", $"{header.PartialCount}"), ("arrivals", $"{header.HasArrivals}"),
            ("compressed", $"{header.IsCompressed}"), ("writer", header.WriterVersion),
        ];
        foreach ((string name, string value) in rows)
        {
            Console.WriteLine($"{name,-16} {value}");
        }

        foreach ((StoryColumn column, ColumnExtent extent) in file.Columns)
        {
            Console.WriteLine($"column {column,-13} {extent}");
        }

        return ExitCode.Done;
    }

    // The names of `archive list`, with the same units: ticks are numbers, as everywhere in JSON.
    private static void WriteFields(Utf8JsonWriter writer, ArchiveFileDetail file)
    {
        StoryFileHeader header = file.Header;
        writer.WriteString("path", file.Path);
        writer.WriteNumber("bytes", file.FileBytes);
        writer.WriteNumber("format_version", header.FormatVersion);
        writer.WriteString("chronicle", header.Chronicle);
        writer.WriteString("story", header.Story);
        writer.WriteNumber("story_id", header.StoryId);
        writer.WriteNumber("start", header.StartTime);
        writer.WriteNumber("end", header.EndTime);
        writer.WriteNumber("generation", header.Generation);
        writer.WriteNumber("events", header.EventCount);
        writer.WriteNumber("record_bytes", header.RecordBytes);
        writer.WriteNumber("first_event", header.FirstEventTime);
        writer.WriteNumber("last_event", header.LastEventTime);
        writer.WriteString("collision", header.Collision);
        writer.WriteString("granularity", header.Granularity);
        writer.WriteBoolean("complete", header.Complete);
        writer.WriteBoolean("supplementary", header.Supplementary);
        writer.WriteStartArray("keepers");
        foreach (ulong keeper in file.Keepers)
        {
            writer.WriteNumberValue(keeper);
        }

        writer.WriteEndArray();
        writer.WriteNumber("partials", header.PartialCount);
        writer.WriteString("writer", header.WriterVersion);
    }

    private static int Verify(string path, bool json)
    {
        List<ArchiveVerification> roots = [.. Roots(path).Select(root => ArchiveInspector.Verify(root))];
        var result = new ArchiveVerification(
            roots.Sum(root => root.Files), roots.Sum(root => root.Bytes), roots.Sum(root => root.Events),
            [.. roots.SelectMany(root => root.Findings)])
        {
            Conflicts = roots.Sum(root => root.Conflicts), Rebuilt = roots.Sum(root => root.Rebuilt),
        };
        if (json)
        {
            JsonOutput.WriteLine(writer =>
            {
                writer.WriteNumber("files", result.Files);
                writer.WriteNumber("bytes", result.Bytes);
                writer.WriteNumber("events", result.Events);
                writer.WriteNumber("conflicts", result.Conflicts);
                writer.WriteNumber("rebuilt", result.Rebuilt);
                writer.WriteStartArray("findings");
                foreach (ArchiveFinding finding in result.Findings)
                {
                    writer.WriteStartObject();
                    writer.WriteString("path", finding.Path);
                    writer.WriteString("problem", finding.Problem);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
        }
        else
        {
            foreach (ArchiveFinding finding in result.Findings)
            {
                Console.WriteLine($"{finding.Path}: {finding.Problem}");
            }

            if (result.Conflicts > 0)
            {
                Console.WriteLine(
                    $"{result.Conflicts} events have another event's identity and other bytes: kept apart in {ConflictFile.Name}");
            }

            if (result.Rebuilt > 0)
            {
                Console.WriteLine($"{result.Rebuilt} damaged files are rebuilt: .rebuilt-… may be removed");
            }

            Console.WriteLine($"{result.Files} files, {result.Bytes} bytes, {result.Events} events, {result.Findings.Count} findings");
        }

        return result.Findings.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }
}
