using System.Runtime.InteropServices;
using ChronoLog.Client;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Abi;

/// <summary>
/// A replay or a playback as C sees it: one page at a time, kept in place until the next step. One step at a time; C sees
/// to nothing else than that the cursor is not closed during one.
/// </summary>
internal sealed class AbiCursor : IAsyncDisposable
{
    private readonly CancellationTokenSource cancelling = new();
    private readonly SemaphoreSlim stepping = new(1, 1);
    private readonly IAsyncEnumerable<PlaybackPage> pages;
    private readonly Replay? replay;
    private IAsyncEnumerator<PlaybackPage>? enumerator;
    private Task<bool>? moving;
    private EventPage? page;
    private GCHandle pinned;
    private bool ended;
    private ulong watermark;
    private IReadOnlyList<Gap> gaps = [];

    public AbiCursor(Replay replay)
    {
        this.replay = replay;
        pages = PagesOf(replay);
    }

    public AbiCursor(IAsyncEnumerable<PlaybackPage> playback) => pages = playback;

    /// <summary>As stated last; 0 = not yet.</summary>
    public ulong Watermark => replay?.Watermark ?? watermark;

    /// <summary>What may be missing; of a replay final at its end, of a playback as of now.</summary>
    public IReadOnlyList<Gap> Gaps => replay?.Gaps ?? gaps;

    public void Cancel() => cancelling.Cancel();

    /// <summary>The next page's place, into the call's results. A count of 0 is the end.</summary>
    public async Task NextAsync(CallPointer pointer, TimeSpan timeout)
    {
        if (!await stepping.WaitAsync(0).ConfigureAwait(false))
        {
            throw new ChronoLogException(
                Status.InvalidArgument, "another thread is in the next step of this replay or playback");
        }

        try
        {
            while (await MoveAsync(timeout).ConfigureAwait(false))
            {
                if (Take(pointer, enumerator!.Current))
                {
                    return;
                }
            }

            if (replay is { Status: Status.Partial } partial)
            {
                throw new ChronoLogException(
                    Status.Partial,
                    $"the replay may be incomplete in {partial.Gaps.Count} ranges; the first: {partial.Gaps[0].Reason}");
            }
        }
        finally
        {
            stepping.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Cancel();
        await stepping.WaitAsync().ConfigureAwait(false);
        try
        {
            LetGo();
            await EndStepAsync().ConfigureAwait(false);
            if (enumerator is not null)
            {
                await enumerator.DisposeAsync().ConfigureAwait(false);
            }

            if (replay is not null)
            {
                await replay.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            stepping.Release();
        }
    }

    // A page without events says that something may be missing, which is a status, or that nothing is any more.
    private bool Take(CallPointer pointer, PlaybackPage current)
    {
        watermark = Math.Max(watermark, current.Watermark);
        gaps = current.Gaps;
        if (current.Page is not null)
        {
            page = current.Page.Keep();
            Describe(ref pointer.Call, page);
            pointer.Call.Result(7, current.IsInOrder ? 0UL : 1UL);
            return true;
        }

        return gaps.Count == 0
            ? false
            : throw new ChronoLogException(
                Status.Partial, $"events may be missing in {gaps.Count} ranges as of now; the first: {gaps[0].Reason}");
    }

    private static async IAsyncEnumerable<PlaybackPage> PagesOf(Replay replay)
    {
        await foreach (EventPage page in ((IAsyncEnumerable<EventPage>)replay).ConfigureAwait(false))
        {
            yield return new PlaybackPage(page, isInOrder: true, 0, []);
        }
    }

    private async Task<bool> MoveAsync(TimeSpan timeout)
    {
        if (cancelling.IsCancellationRequested)
        {
            throw new OperationCanceledException();
        }

        if (ended)
        {
            return false;
        }

        LetGo();
        enumerator ??= pages.GetAsyncEnumerator(cancelling.Token);

        // A step that took too long for one call goes on, and is the next call's.
        moving ??= enumerator.MoveNextAsync().AsTask();
        try
        {
            ended = !await moving.WaitAsync(timeout, cancelling.Token).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new ChronoLogException(Status.TimedOut, "no further event of the story came within the timeout");
        }

        moving = null;
        return !ended;
    }

    private async Task EndStepAsync()
    {
        try
        {
            await (moving ?? Task.FromResult(false)).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is ChronoLogException or OperationCanceledException)
        {
            // Whoever asked for the step was told.
        }
    }

    private void LetGo()
    {
        if (pinned.IsAllocated)
        {
            pinned.Free();
        }

        page?.Dispose();
        page = null;
    }

    private void Describe(ref AbiCall call, EventPage current)
    {
        (ArraySegment<EventEntry> events, ColumnPlaces columns) = current.Native();
        pinned = GCHandle.Alloc(events.Array, GCHandleType.Pinned);
        call.Result(0, (ulong)events.Count);
        call.Result(1, (ulong)columns.EventTime);
        call.Result(2, (ulong)columns.ClientId);
        call.Result(3, (ulong)columns.EventIndex);
        call.Result(4, (ulong)columns.RecordOffset);
        call.Result(5, (ulong)columns.Records);
        call.Result(6, (ulong)Marshal.UnsafeAddrOfPinnedArrayElement(events.Array!, events.Offset));
    }
}
