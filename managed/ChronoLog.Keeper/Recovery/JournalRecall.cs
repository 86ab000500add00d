using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Keeper.Stories;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Keeper.Recovery;

/// <summary>
/// The Grapher has lost a StoryFile: what the journal's segments still hold of its range goes into the story's pipeline
/// once more, though it was archived, and from there the usual way, as late events do. The Grapher drops what it has. On
/// the role's strand; the journal is walked on a read strand.
/// </summary>
public sealed class JournalRecall(KeeperOptions options, KeeperPorts ports, StoryTable stories)
{
    private bool isWalking;

    /// <summary>Events that were given once more.</summary>
    public long Events { get; private set; }

    public void Register(IRpcServer admin) => admin.Handle(Methods.Recall, RecallAsync);

    private async ValueTask<RecallReply> RecallAsync(RecallRequest request, RpcContext context)
    {
        if (request.StoryId == 0 || request.StartTime >= request.EndTime)
        {
            throw new ChronoLogException(
                Status.InvalidArgument,
                $"recall of [{request.StartTime}, {request.EndTime}) of story {request.StoryId:x16}: no story or no range");
        }

        if (isWalking)
        {
            throw new ChronoLogException(
                Status.LimitExceeded, $"{options.Name} walks its journal for another recall; ask again later");
        }

        if (stories.IsDestroyed(request.StoryId))
        {
            return new RecallReply();
        }

        isWalking = true;
        try
        {
            return new RecallReply { Events = (ulong)Take(request, await CollectAsync(request)) };
        }
        finally
        {
            isWalking = false;
        }
    }

    private ValueTask<EventRun?> CollectAsync(RecallRequest request) => ports.ReadStrands.Count == 0
        ? ValueTask.FromResult(Collect(request))
        : new ValueTask<EventRun?>(ports.ReadStrands[0].InvokeAsync(() => ValueTask.FromResult(Collect(request))));

    // One entry of 32 bytes per event, as when they were recorded: no more than the journal's quota allows anyway.
    private EventRun? Collect(RecallRequest request)
    {
        var builder = new EventRunBuilder();
        foreach (IJournal journal in ports.Journals)
        {
            journal.Revisit((in BatchOrigin origin, in JournalSpan batch) => Collect(request, origin, batch, builder));
        }

        return builder.Build();
    }

    private void Collect(RecallRequest request, in BatchOrigin origin, in JournalSpan batch, EventRunBuilder builder)
    {
        EventTimeRange range = options.EventTimes.AtKeeper(origin.Arrival);
        ReadOnlySpan<byte> frames = batch.Frames;
        for (int offset = 0; frames.Length - offset >= RecordFrame.HeaderLength;)
        {
            ReadOnlySpan<byte> frame = frames[offset..];
            int length = RecordFrame.JournalLength(frame, out bool isStamped);
            int header = RecordFrame.HeaderLength + (isStamped ? EventEntry.StampLength : 0);
            if (length < header || length > frame.Length)
            {
                return; // a client's nonsense, passed over when it came, too
            }

            ulong tick = RecordFrame.EventTime(frame);
            if (RecordFrame.StoryId(frame) == request.StoryId && range.Contains(tick)
                && tick >= request.StartTime && tick < request.EndTime)
            {
                builder.Append(
                    new EventEntry(
                        tick, origin.ClientId, RecordFrame.EventIndex(frame),
                        batch.Address + offset + header, length - header, isStamped),
                    batch.Segment);
            }

            offset += RecordFrame.AlignedLength(length);
        }
    }

    private int Take(RecallRequest request, EventRun? run)
    {
        if (run is null)
        {
            return 0;
        }

        int count = run.Count;
        KeeperStory story = stories.Recover(request.StoryId, run.Entries[0].EventTime);
        story.Pipeline.Ingest(run);
        Events += count;
        ports.Logger.LogWarning(
            "{Name}: {Events} events of story {Story} in [{Start}, {End}) are announced once more, for their StoryFile is "
            + "damaged",
            options.Name, count, story.Name, request.StartTime, request.EndTime);
        return count;
    }
}
