using ChronoLog.Core.Agents;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Grapher.Collection;
using ChronoLog.Grapher.Notices;
using ChronoLog.Grapher.Repair;
using ChronoLog.Grapher.Stories;
using ChronoLog.Grapher.Watermarks;
using ChronoLog.Grapher.Writing;
using ChronoLog.Store.Archive;

namespace ChronoLog.Grapher;

/// <summary>
/// What a heartbeat says of this Grapher: counters and queue depths of every stage, and each story's tally.
/// </summary>
internal sealed class GrapherReport(
    GrapherRole role,
    StoryTable stories,
    AnnouncementDesk desk,
    BoundedQueue<PulledImage> buildingQueue,
    ExtractionModule extraction,
    KeeperNotices notices,
    WatermarkRecorder watermarks,
    RepairDesk repairs,
    StoryWriter writer)
{
    private const int UnconfirmedMax = 256; // names of up to 2 KiB, in a message of at most 8 MiB

    private int asked;

    public void Fill(HeartbeatRequest request)
    {
        GrapherStatistics statistics = role.Statistics;
        var values = request.Statistics;
        values["pulled_chunks"] = statistics.PulledChunks;
        values["pulled_bytes"] = statistics.PulledBytes;
        values["pull_failures"] = statistics.PullFailures;
        values["announcements_refused"] = statistics.Refused;
        values["announced_again"] = statistics.AnnouncedAgain;
        values["collected_events"] = statistics.CollectedEvents;
        values["collection_queue"] = desk.Active;
        values["building_queue"] = buildingQueue.Count;
        values["extraction_queue"] = extraction.Queue.Count;
        values["extraction_active"] = extraction.Active;
        values["extraction_failures"] = statistics.ExtractionFailures;
        values["retired_chunks"] = statistics.RetiredChunks;
        values["events_late"] = statistics.LateEvents;
        values["events_imported"] = statistics.ImportedEvents;
        values["supplementary_chunks"] = statistics.SupplementaryChunks;
        values["forced_chunks"] = statistics.ForcedChunks;
        values["archived_chunks"] = statistics.ArchivedChunks;
        values["archived_events"] = statistics.ArchivedEvents;
        values["archived_bytes"] = statistics.ArchivedBytes;
        values["acceptance_window_seconds"] = role.AcceptanceWindowSeconds;
        values["held_bytes"] = role.HeldBytes;
        values["notices_waiting"] = notices.Waiting;
        values["watermark_failures"] = watermarks.Failures;
        values["identity_conflicts"] = extraction.Chain.OfType<Hdf5Extractor>().Sum(static each => each.Conflicts);
        values["identity_conflicts_not_kept"] =
            extraction.Chain.OfType<Hdf5Extractor>().Sum(static each => each.ConflictsNotKept);
        values["storyfiles_damaged"] = repairs.Damaged;
        values["storyfiles_set_aside"] = repairs.SetAside;
        values["storyfiles_rebuilt"] = repairs.Rebuilt;
        values["events_recalled"] = repairs.Recalled;
        request.Trouble = writer.Trouble ?? "";
        AddUnconfirmed(request);
        foreach (GrapherStory story in stories.All)
        {
            request.Stories.Add(new StoryTally
            {
                StoryId = story.Descriptor.StoryId,
                Events = (ulong)story.WarmEvents,
                Watermark = story.Watermark,
                Bytes = (ulong)story.WarmBytes,
                Late = (ulong)story.WarmLate,
            });
        }
    }

    // In turn: the Visor has no answer for what another deployment's Keepers announce.
    private void AddUnconfirmed(HeartbeatRequest request)
    {
        List<GrapherStory> unconfirmed = [.. stories.All.Where(static story => !story.IsConfirmed)];
        int count = Math.Min(unconfirmed.Count, UnconfirmedMax);
        for (int i = 0; i < count; i++)
        {
            StoryDescriptor story = unconfirmed[asked++ % unconfirmed.Count].Descriptor;
            request.UnconfirmedStories.Add(new StoryDescriptor
            {
                Chronicle = story.Chronicle, Story = story.Story, Incarnation = story.Incarnation, StoryId = story.StoryId,
            });
        }

        asked %= int.MaxValue / 2;
    }
}
