using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Abi;

/// <summary>Cursors of replays and playbacks.</summary>
internal static class ReplayOperations
{
    public static async Task OpenAsync(CallPointer pointer)
    {
        Replay replay = await On(pointer).ReplayAsync(
            pointer.Call.Text(0).ToString(),
            pointer.Call.Text(1).ToString(),
            pointer.Call.Number(0),
            pointer.Call.Number(1),
            pointer.Call.Number(2)).ConfigureAwait(false);
        pointer.Call.Result(0, ObjectTable.Add(new AbiCursor(replay)));
    }

    public static Task OpenPlayback(CallPointer pointer)
    {
        PlaybackMode mode = pointer.Call.Number(1) == 0 ? PlaybackMode.Ordered : PlaybackMode.Immediate;
        IAsyncEnumerable<PlaybackPage> pages = On(pointer).PlaybackAsync(
            pointer.Call.Text(0).ToString(), pointer.Call.Text(1).ToString(), pointer.Call.Number(0), mode);
        pointer.Call.Result(0, ObjectTable.Add(new AbiCursor(pages)));
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
        AbiCursor cursor = Cursor(pointer);
        pointer.Call.Result(0, cursor.Watermark);
        pointer.Call.Result(1, (ulong)cursor.Gaps.Count);
        return Task.CompletedTask;
    }

    public static Task Gap(CallPointer pointer)
    {
        ulong index = pointer.Call.Number(0);
        IReadOnlyList<Gap> gaps = Cursor(pointer).Gaps;
        if (index >= (ulong)gaps.Count)
        {
            throw new ChronoLogException(Status.NotExist, $"there are {gaps.Count} gaps, none at index {index}");
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
