using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Grapher.Stories;
using ChronoLog.Store.Archive;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Grapher.Notices;

/// <summary>
/// Tells each Keeper which of its partials are wholly in StoryFiles, so that it may delete journal segments. Repeated
/// until acknowledged, or until the Keeper's epoch is over. On the role's strand.
/// </summary>
internal sealed class KeeperNotices(NoticeContext context, GrapherStatistics statistics)
{
    /// <summary>Partials per call: some 24 bytes each, a message far below any limit.</summary>
    private const int BatchMax = 1024;

    private readonly Dictionary<(ulong ProcessId, ulong Epoch), Receiver> receivers = [];

    /// <summary>Partials that wait for their notice's acknowledgement.</summary>
    public int Waiting => receivers.Values.Sum(receiver => receiver.Archived.Count);

    /// <summary>Of those, the partials of Keepers that are in the view.</summary>
    public int WaitingFor(GroupView? view) => receivers
        .Where(receiver => view?.Keepers.Any(
            keeper => keeper.ProcessId == receiver.Key.ProcessId && keeper.Epoch == receiver.Key.Epoch) == true)
        .Sum(receiver => receiver.Value.Archived.Count);

    public void Add(HeldPartial partial, string storyFile)
    {
        (ulong ProcessId, ulong Epoch) id = (partial.Key.ProcessId, partial.Key.Epoch);
        bool delivering = receivers.TryGetValue(id, out Receiver? receiver);
        receiver ??= receivers[id] = new Receiver();
        receiver.Endpoint = partial.AdminEndpoint;
        receiver.Archived.Enqueue(new ArchivedPartial(partial.Key, partial.StoryId, storyFile));
        if (!delivering)
        {
            _ = DeliverAsync(id, receiver); // ends by itself and never fails
        }
    }

    private async Task DeliverAsync((ulong ProcessId, ulong Epoch) id, Receiver receiver)
    {
        long since = context.Timers.MonotonicNanoseconds;
        int attempt = 0;
        try
        {
            while (receiver.Archived.Count > 0 && !IsOver(id, since))
            {
                List<ArchivedPartial> batch = NextBatch(receiver);
                if (await TryCallAsync(receiver, batch, attempt))
                {
                    Acknowledge(receiver, batch.Count);
                    (attempt, since) = (0, context.Timers.MonotonicNanoseconds);
                }
                else
                {
                    attempt++;
                    await context.Timers.Delay(context.Options.Backoff.After(attempt), context.Stop);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }

        receivers.Remove(id);
    }

    // Restarted with a later epoch: what the earlier one waited for is its successor's to find out. Out of the view: it
    // may come back with the same epoch, so its notices are kept for a while.
    private bool IsOver((ulong ProcessId, ulong Epoch) id, long since)
    {
        ProcessIdentity? keeper = context.View()?.Keepers.FirstOrDefault(keeper => keeper.ProcessId == id.ProcessId);
        if (keeper is not null)
        {
            return keeper.Epoch > id.Epoch;
        }

        long waited = context.Timers.MonotonicNanoseconds - since;
        return waited > context.Options.KeeperNoticeLimit.TotalNanoseconds;
    }

    // As many as one notice can name: of one story, in one file.
    private static List<ArchivedPartial> NextBatch(Receiver receiver)
    {
        ArchivedPartial first = receiver.Archived.Peek();
        return
        [
            .. receiver.Archived
                .TakeWhile(next => next.StoryId == first.StoryId && next.StoryFile == first.StoryFile)
                .Take(BatchMax),
        ];
    }

    private async ValueTask<bool> TryCallAsync(Receiver receiver, List<ArchivedPartial> batch, int attempt)
    {
        var request = new ArchivedRequest { StoryId = batch[0].StoryId, StoryFile = batch[0].StoryFile };
        request.Partials.AddRange(batch.Select(archived => new PartialIdentity
        {
            ProcessId = archived.Key.ProcessId,
            Epoch = archived.Key.Epoch,
            Sequence = archived.Key.Sequence,
        }));
        try
        {
            IRpcChannel channel = await context.Channels.OpenAsync(receiver.Endpoint);
            await channel.CallAsync(Methods.Archived, request, context.Options.NoticeDeadline, context.Stop);
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            if (attempt == 0)
            {
                context.Logger.LogWarning(
                    "archived notice of {Count} partials to process {Process} at {Endpoint} failed and is repeated: "
                    + "{Reason}",
                    batch.Count, batch[0].Key.ProcessId, receiver.Endpoint, exception.Message);
            }

            return false;
        }
    }

    private void Acknowledge(Receiver receiver, int count)
    {
        statistics.NoticedPartials += count;
        for (int i = 0; i < count; i++)
        {
            receiver.Archived.Dequeue();
        }
    }

    private readonly record struct ArchivedPartial(PartialKey Key, ulong StoryId, string StoryFile);

    private sealed class Receiver
    {
        public Queue<ArchivedPartial> Archived { get; } = new();

        public string Endpoint { get; set; } = "";
    }
}
