using System.Runtime.InteropServices;
using ChronoLog.Client;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Abi;

/// <summary>
/// A replay or a tail as C sees it: one page at a time, kept in place until the next step. One step at a time; C sees to
/// nothing else than that the cursor is not closed during one.
/// </summary>
internal sealed class AbiCursor(IAsyncEnumerable<EventPage> pages, Replay? replay) : IAsyncDisposable
{
    private readonly CancellationTokenSource cancelling = new();
    private readonly SemaphoreSlim stepping = new(1, 1);
    private IAsyncEnumerator<EventPage>? enumerator;
    private Task<bool>? moving;
    private EventPage? page;
    private GCHandle pinned;
    private bool ended;

    /// <summary>Null for a tail.</summary>
    public Replay? Replay { get; } = replay;

    public void Cancel() => cancelling.Cancel();

    /// <summary>The next page's place, into the call's results. A count of 0 is the end.</summary>
    public async Task NextAsync(CallPointer pointer, TimeSpan timeout)
    {
        if (!await stepping.WaitAsync(0).ConfigureAwait(false))
        {
            throw new ChronoLogException(
                Status.InvalidArgument, "another thread is in chronolog_replay_next with this replay");
        }

        try
        {
            if (await MoveAsync(timeout).ConfigureAwait(false))
            {
                page = enumerator!.Current.Keep();
                Describe(ref pointer.Call, page);
            }
            else if (Replay is { Status: Status.Partial } partial)
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

            if (Replay is not null)
            {
                await Replay.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            stepping.Release();
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
