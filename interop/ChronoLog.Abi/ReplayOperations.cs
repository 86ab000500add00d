using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Abi;

/// <summary>Cursors of replays and tails.</summary>
internal static class ReplayOperations
{
    private static readonly TimeSpan TailPeriod = TimeSpan.FromMilliseconds(100);

    public static async Task OpenAsync(CallPointer pointer)
    {
        Replay replay = await On(pointer).ReplayAsync(
            pointer.Call.Text(0).ToString(),
            pointer.Call.Text(1).ToString(),
            pointer.Call.Number(0),
            pointer.Call.Number(1),
            pointer.Call.Number(2)).ConfigureAwait(false);
        pointer.Call.Result(0, ObjectTable.Add(new AbiCursor(replay, replay)));
    }

    public static Task OpenTail(CallPointer pointer)
    {
        IAsyncEnumerable<EventPage> pages = On(pointer).TailAsync(
            pointer.Call.Text(0).ToString(),
            pointer.Call.Text(1).ToString(),
            pointer.Call.Number(0),
            Timeouts.Option(pointer.Call.Number(1), TailPeriod));
        pointer.Call.Result(0, ObjectTable.Add(new AbiCursor(pages, replay: null)));
        return Task.CompletedTask;
    }

    public static Task NextAsync(CallPointer pointer) =>
        Cursor(pointer).NextAsync(pointer, Timeouts.Of(pointer.Call.Number(0)));

    public static Task Cancel(CallPointer pointer)
    {
        Cursor(pointer).Cancel();
        return Task.CompletedTask;
    }

    public static Task State(CallPointer pointer)
    {
        Replay? replay = Cursor(pointer).Replay;
        pointer.Call.Result(0, replay?.Watermark ?? 0);
        pointer.Call.Result(1, (ulong)(replay?.Gaps.Count ?? 0));
        return Task.CompletedTask;
    }

    public static Task Gap(CallPointer pointer)
    {
        ulong index = pointer.Call.Number(0);
        IReadOnlyList<Gap> gaps = Cursor(pointer).Replay?.Gaps ?? [];
        if (index >= (ulong)gaps.Count)
        {
            throw new ChronoLogException(Status.NotExist, $"the replay has {gaps.Count} gaps, none at index {index}");
        }

        Gap gap = gaps[(int)index];
        pointer.Call.Result(0, gap.StartTime);
        pointer.Call.Result(1, gap.EndTime);
        pointer.Call.Give(Encoding.UTF8.GetBytes(gap.Reason));
        return Task.CompletedTask;
    }

    public static Task CloseAsync(CallPointer pointer)
    {
        AbiCursor cursor = Cursor(pointer);
        ObjectTable.Remove(pointer.Call.ObjectNumber);
        return cursor.DisposeAsync().AsTask();
    }

    private static AbiCursor Cursor(CallPointer pointer) => ObjectTable.Get<AbiCursor>(pointer.Call.ObjectNumber);

    private static ChronoClient On(CallPointer pointer) =>
        ObjectTable.Get<AbiClient>(pointer.Call.ObjectNumber).Client;
}
