using ChronoLog.Core.Extraction;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Keeper.Ingestion;
using ChronoLog.Keeper.Recording;
using ChronoLog.Keeper.Recovery;
using ChronoLog.Keeper.Retirement;
using ChronoLog.Keeper.Stories;

namespace ChronoLog.Keeper;

/// <summary>Fills in heartbeats: what this Keeper did, holds, and has not handed over. On the role's strand.</summary>
public sealed class KeeperStatistics(
    KeeperPorts ports, KeeperRecovery recovery, JournalRecall recall, RecordingService recording, HandoverLedger ledger,
    RetirementDuty retirement, AcceptanceTimeWindow acceptance, StoryTable stories,
    IReadOnlyList<IngestionAgent> ingestion, IReadOnlyList<SyncAgent> syncing)
{
    // Some descriptors' worth of a reply; the others are asked for by the next heartbeats.
    private const int UnnamedMax = 1024;

    public void Fill(HeartbeatRequest heartbeat)
    {
        var values = heartbeat.Statistics;
        values["events_ingested"] = ingestion.Sum(agent => agent.Counters.Events);
        values["bytes_ingested"] = ingestion.Sum(agent => agent.Counters.Bytes);
        values["events_far_future"] = ingestion.Sum(agent => agent.Counters.FarFuture);
        values["events_too_old"] = ingestion.Sum(agent => agent.Counters.TooOld);
        values["events_late"] = ledger.LateEvents;
        values["journal_blocked"] = ingestion.Sum(agent => agent.Counters.Blocked);
        values["ring_bytes_abandoned"] = ingestion.Sum(agent => agent.Counters.AbandonedBytes);
        values["rings_detached"] = ingestion.Sum(agent => agent.Counters.DetachedRings);
        values["rings"] = recording.Count;
        values["rings_remote"] = recording.Mirrors.Count;
        values["ring_bytes"] = recording.RingBytes;
        values["journal_bytes_used"] = ports.Journals.Sum(journal => journal.BytesUsed);
        values["journal_bytes_quota"] = ports.Journals.Sum(journal => journal.BytesQuota);
        values["journal_batches_unsynced"] = ports.Journals.Sum(journal => journal.Appended - journal.Synced);
        values["journal_troubles"] = ports.Journals.Count(journal => journal.State != JournalState.Ready);
        values["journal_sync_failures"] = syncing.Sum(agent => agent.Failures);
        values["latency_seconds"] = acceptance.LatencyNanoseconds / 1e9;
        values["atw_seconds"] = acceptance.Nanoseconds / 1e9;
        values["acceptance_window_seconds"] = retirement.AcceptanceWindowNanoseconds / 1e9;
        values["chunks_waiting"] = ledger.Waiting;
        values["chunks_not_archived"] = ledger.Count;
        values["announcements_failed"] = ledger.Failures;
        values["stories_unknown"] = stories.Unknown;
        values["recovered_events"] = recovery.Events;
        values["recovered_stories"] = recovery.Stories;
        values["recovered_segments"] = recovery.Segments;
        values["recovered_rings"] = recovery.Rings;
        values["identity_conflicts"] = ports.Extraction.Chain.OfType<RdmaExtractor>().Sum(static each => each.Conflicts);
        values["recalled_events"] = recall.Events;
        values["journal_damages"] = recovery.Missing.Count;
        heartbeat.Trouble = string.Join("; ", ports.Journals.Select(static journal => journal.Trouble).OfType<string>());
        heartbeat.UnnamedStories.AddRange(
            stories.All.Where(story => story.Descriptor is null).Select(story => story.StoryId).Take(UnnamedMax));
        foreach (KeeperStory story in stories.All)
        {
            heartbeat.Stories.Add(Tally(story));
        }
    }

    private static StoryTally Tally(KeeperStory story)
    {
        long events = story.Pipeline.EventCount;
        long bytes = story.Pipeline.RecordBytes;
        long late = story.Pipeline.LateEventCount;
        foreach (RetainedChunk chunk in story.Retained)
        {
            if (chunk.State != RetainedState.HandedOver)
            {
                events += chunk.Chunk.EventCount;
                bytes += chunk.Chunk.RecordBytes;
                late += chunk.Chunk.IsLate ? chunk.Chunk.EventCount : 0;
            }
        }

        return new StoryTally
        {
            StoryId = story.StoryId,
            Events = (ulong)events,
            Bytes = (ulong)bytes,
            Watermark = story.DrainedThrough,
            Late = (ulong)late,
        };
    }
}
