using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Grapher.Stories;
using ChronoLog.Store.Archive;

namespace ChronoLog.Grapher.Collection;

/// <summary>
/// Answers announcements: checks them, acknowledges what is known already, has the rest pulled. The reply is sent when
/// the events are in their pipeline, and so visible to readers. On the role's strand.
/// </summary>
internal sealed class AnnouncementDesk(
    AnnouncementCheck check,
    ChunkCollector collector,
    StoryTable stories,
    PartialLedger ledger,
    IBaseClock clock,
    ITimers timers,
    Func<ulong> epoch,
    GrapherStatistics statistics)
{
    private readonly Dictionary<(PartialKey Key, uint Part), PullRequest> pulling = [];
    private bool closed;

    /// <summary>Announcements that are being pulled or wait for it.</summary>
    public int Active => pulling.Count;

    /// <summary>Monotonic time of the last one that was accepted.</summary>
    public long LastNanoseconds { get; private set; } = timers.MonotonicNanoseconds;

    /// <summary>From now on only what is known already is acknowledged.</summary>
    public void Close() => closed = true;

    public async ValueTask<AnnounceChunkReply> AnnounceAsync(AnnounceChunkRequest request, RpcContext context)
    {
        PartialKey key;
        try
        {
            check.Check(request, clock.Now);
            key = PartialKey.From(request.Partial);
            if (IsKnown(request, key, out AnnounceChunkReply? known))
            {
                statistics.AnnouncedAgain++;
                return known;
            }

            Submit(request, key, context.Deadline);
        }
        catch (ChronoLogException)
        {
            statistics.Refused++;
            throw;
        }

        await pulling[(key, request.Part)].Done; // ends with the first announcer's deadline at the latest
        return Held();
    }

    private bool IsKnown(
        AnnounceChunkRequest request,
        in PartialKey key,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out AnnounceChunkReply? reply)
    {
        if (ledger.IsArchived(key) || stories.IsDestroyed(request.Story.StoryId))
        {
            // Of a destroyed story: the sender may let go of it as well.
            reply = new AnnounceChunkReply { AlreadyArchived = true };
            return true;
        }

        if (ledger.IsHeld(key, request.Part))
        {
            ledger.Refresh(key, request.AdminEndpoint);
            reply = Held();
            return true;
        }

        reply = null;
        return false;
    }

    private AnnounceChunkReply Held() => new() { Epoch = epoch() };

    private void Submit(AnnounceChunkRequest request, PartialKey key, CancellationToken deadline)
    {
        if (pulling.ContainsKey((key, request.Part)))
        {
            statistics.AnnouncedAgain++;
            return;
        }

        if (closed)
        {
            throw new ChronoLogException(
                Status.Cancelled,
                $"chunk {key.Sequence} of process {key.ProcessId} was not taken: this Grapher is stopping");
        }

        var pull = new PullRequest(request, key, stories.GetOrAdd(request.Story), deadline);
        collector.Submit(pull);
        pulling.Add((key, request.Part), pull);
        LastNanoseconds = timers.MonotonicNanoseconds;
        _ = ForgetWhenDoneAsync(pull);
    }

    private async Task ForgetWhenDoneAsync(PullRequest pull)
    {
        try
        {
            await pull.Done;
        }
        catch (Exception)
        {
            // Each caller has it from the same task.
        }

        pulling.Remove((pull.Key, pull.Announcement.Part));
    }
}
