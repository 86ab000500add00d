using System.Text.Json.Nodes;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Core.Settings;
using ChronoLog.Grapher;
using ChronoLog.Grapher.Repair;
using ChronoLog.Grapher.Watermarks;
using ChronoLog.Interop.Posix;
using ChronoLog.Store.Archive;
using Microsoft.Extensions.Logging;

namespace ChronoLog.App.Hosting;

/// <summary>Composition of <c>chronolog grapher</c>.</summary>
internal static class GrapherHost
{
    public static async Task<int> RunAsync(SettingValues settings, CancellationToken cancellation)
    {
        using var stop = new StopSignal(cancellation);
        await using var process = new RoleContext(Role.Grapher, GrapherSettings.DrainPort, settings);
        using ArchiveCatalog archive = ArchiveCatalog.Open(settings.Get(GrapherSettings.ArchiveDirectory), process.Logger);
        using PosixFile claim = ArchiveClaim.Take(archive.Root.Path, settings.Get(MemberSettings.Group));
        int cleaned = archive.Root.CleanLeftovers();
        if (cleaned > 0)
        {
            process.Logger.LogWarning("{Count} unfinished files of an earlier run were removed from {Archive}", cleaned, archive.Root.Path);
        }

        return await MemberContext.RunAsync(
            process, (member, token) => RunAsync(process, member, archive, token), stop.Token) ?? ExitCode.Done;
    }

    private static async Task<int> RunAsync(
        RoleContext process, MemberContext member, ArchiveCatalog archive, CancellationToken stop)
    {
        SettingValues settings = process.Settings;
        IRpcServer drain = process.Listen(GrapherSettings.DrainPort);
        IRpcServer admin = process.Listen(GrapherSettings.AdminPort);
        RegistryClient registry = member.Register(drain, admin, archive.Root.Path);
        var extraction = member.CreateExtraction(
            WithArchive(settings.Get(GrapherSettings.ExtractionModule), archive.Root.Path),
            () => null,
            () => registry.Group?.Player?.AdminEndpoint,
            () => admin.Endpoint);
        var grapher = new GrapherRole(Options(process.Name, process.Settings), new GrapherPorts
        {
            Strand = process.Strand,
            Registry = registry,
            Clock = member.Clock,
            Timers = process.Timers,
            Drain = drain,
            Admin = admin,
            Connector = process.Connector,
            Bulk = member.Bulk,
            Extraction = extraction,
            ExtractionStrands = member.NewStrands("extraction", extraction.StreamCount),
            BuildingStrands = member.NewStrands("building", settings.Get(GrapherSettings.BuildingStreams)),
            ReadStrands = member.NewStrands("warm read", 1),
            DestroyArchive = (story, _) =>
            {
                archive.DestroyStory(story.Name);
                return ValueTask.CompletedTask;
            },
            Care = new ArchiveCare(
                new ArchiveRepair(archive, process.Logger), member.NewStrands("archive care", 1)[0]),
            Watermarks = new ArchiveWatermarks(
                archive.Root, settings.Get(MemberSettings.Group), member.NewStrands("watermark", 1)[0], process.Logger),
            Logger = process.Logger,
        });
        await process.Strand.InvokeAsync(() =>
        {
            grapher.Start();
            return ValueTask.CompletedTask;
        });
        process.Logger.LogInformation("archiving into {Archive}, drain port {Endpoint}", archive.Root.Path, drain.Endpoint);
        await KeeperHost.WaitAsync(stop);
        IReadOnlyList<string> rest = member.Displacement is null
            ? await process.Strand.InvokeAsync(() => DrainAsync(grapher, settings))
            : []; // what it holds is another's to archive now: the Keepers announce it again
        await process.Strand.InvokeAsync(grapher.StopAsync);
        return Departure.Report(process, rest);
    }

    // What is archived while a Keeper was not told of it is announced again, and costs time but no event.
    private static async ValueTask<IReadOnlyList<string>> DrainAsync(GrapherRole grapher, SettingValues settings)
    {
        TimeSpan deadline = settings.Get(DrainSettings.DrainDeadline);
        await grapher.DrainAsync(deadline);
        return grapher.Unarchived is { } events
            ? [$"{events} not written to {Path.GetFullPath(settings.Get(GrapherSettings.ArchiveDirectory))} within "
                + $"{deadline.TotalSeconds} s: the journals of their Keepers hold them; see its log for the cause"]
            : [];
    }

    // An archiving extractor whose settings name no directory writes into the process's archive.
    private static string WithArchive(string module, string archive)
    {
        JsonNode root = JsonNode.Parse(module)!;
        foreach (KeyValuePair<string, JsonNode?> extractor in root["extractors"]?.AsObject() ?? [])
        {
            (string Type, string Field)[] kinds =
                [(Hdf5Extractor.Type, Hdf5Extractor.DirectoryField), (CsvExtractor.Type, CsvExtractor.DirectoryField)];
            foreach ((string type, string field) in kinds)
            {
                if (extractor.Value is JsonObject json && (string?)json["type"] == type && json[field] is null)
                {
                    json[field] = JsonValue.Create(archive);
                }
            }
        }

        return root.ToJsonString();
    }

    internal static GrapherOptions Options(string name, SettingValues settings) => new()
    {
        Name = name,
        Reads = ReadSettings.Read(settings),
        ChunkDuration = settings.Get(GrapherSettings.ChunkDuration),
        AcceptanceWindow = settings.Get(GrapherSettings.AcceptanceWindow) ?? settings.Get(GrapherSettings.AtwUnreported),
        FollowsNetwork = settings.Get(GrapherSettings.AcceptanceWindow) is null,
        HoldLimit = settings.Get(GrapherSettings.HoldLimit),
        CollectionStreams = (int)settings.Get(GrapherSettings.CollectionStreams),
        HeldBytesMax = settings.Get(GrapherSettings.MemoryBudget),
    };
}
