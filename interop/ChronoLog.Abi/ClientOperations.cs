using ChronoLog.Client;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Abi;

/// <summary>Connecting and leaving, clock and counts.</summary>
internal static class ClientOperations
{
    public static async Task ConnectAsync(CallPointer pointer)
    {
        ChronoClient client = await ChronoClient.ConnectAsync(Options(ref pointer.Call)).ConfigureAwait(false);
        pointer.Call.Result(0, ObjectTable.Add(new AbiClient(client)));
        pointer.Call.Result(1, client.ClientId);
    }

    public static Task DisconnectAsync(CallPointer pointer) => On(pointer).DisconnectAsync();

    public static Task AbandonAsync(CallPointer pointer) => On(pointer).DisposeAsync().AsTask();

    public static Task Clock(CallPointer pointer)
    {
        ChronoClient client = On(pointer);
        pointer.Call.Result(0, client.Clock.Now);
        pointer.Call.Result(1, client.Clock.UncertaintyNanoseconds);
        return Task.CompletedTask;
    }

    public static Task Statistics(CallPointer pointer)
    {
        ChronoClient client = On(pointer);
        (ulong tick, uint index) = client.LastRecorded;
        pointer.Call.Result(0, index);
        pointer.Call.Result(1, tick);
        pointer.Call.Result(2, client.Clock.UncertaintyNanoseconds);
        pointer.Call.Result(3, client.ClientId);
        return Task.CompletedTask;
    }

    public static async Task ForgetAsync(CallPointer pointer)
    {
        if (ObjectTable.Remove(pointer.Call.ObjectNumber) is AbiCursor cursor)
        {
            await cursor.DisposeAsync().ConfigureAwait(false); // its client has ended, and it with it
        }
    }

    private static ChronoClient On(CallPointer pointer) =>
        ObjectTable.Get<AbiClient>(pointer.Call.ObjectNumber).Client;

    private static ClientOptions Options(ref AbiCall call)
    {
        var defaults = new ClientOptions();
        return defaults with
        {
            Endpoint = call.Text(0).ToString(),
            Program = call.Text(1).IsGiven ? call.Text(1).ToString() : defaults.Program,
            Attributes = call.Attributes(),
            Placement = (Placement)call.Number(0),
            RingCapacityBytes = (long)Math.Min(call.Number(1), long.MaxValue),
            FullTimeout = Timeouts.Option(call.Number(2), defaults.FullTimeout),
            FailoverAfter = Timeouts.Option(call.Number(3), defaults.FailoverAfter),
            CallDeadline = Timeouts.Option(call.Number(4), defaults.CallDeadline),
            ReleaseTimeout = Timeouts.Option(call.Number(5), defaults.ReleaseTimeout),
            ReplayPageBytes = call.Number(6) == 0
                ? defaults.ReplayPageBytes
                : (int)Math.Clamp(call.Number(6), 64 << 10, 16 << 20),
            ReplayDeadline = Timeouts.Option(call.Number(7), defaults.ReplayDeadline),
            ConnectPatience = Timeouts.Option(call.Number(8), defaults.ConnectPatience),
        };
    }
}
