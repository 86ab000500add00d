using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Keeper;

/// <summary>Reads the Keeper's hot tier as the Player does.</summary>
internal static class HotReader
{
    public static List<string> Read(
        KeeperHarness keeper, string story, bool includeHandedOver = false, List<Gap>? gaps = null,
        ulong grapherEpoch = 0)
    {
        var request = new OpenReadRequest
        {
            Story = KeeperHarness.Story(story),
            StartTime = 0,
            EndTime = ulong.MaxValue,
            ClientId = 1,
            IncludeHandedOver = includeHandedOver,
            GrapherEpoch = grapherEpoch,
        };
        Task<List<string>> read = keeper.Strand.InvokeAsync(() => ReadAsync(keeper, request, gaps));
        for (int i = 0; i < 2000 && !read.IsCompleted; i++)
        {
            keeper.Cycle();
            if (!read.IsCompleted)
            {
                keeper.Pump.Advance(TimeSpan.FromMilliseconds(5));
            }
        }

        return read.GetAwaiter().GetResult();
    }

    internal static async ValueTask<List<string>> ReadAsync(
        KeeperHarness keeper, OpenReadRequest request, List<Gap>? gaps)
    {
        var records = new List<string>();
        await using RemoteReadSource source = await RemoteReadSource.OpenAsync(
            keeper.Rpc.Open("tcp://keeper:2"), keeper.Network.NewEndpoint("player"), keeper.Pump.Timers, request);
        while (await source.NextAsync(CancellationToken.None) is { } run)
        {
            foreach (EventEntry entry in run.Entries.ToArray())
            {
                records.Add(System.Text.Encoding.UTF8.GetString(entry.LogRecord));
            }

            run.Release();
        }

        gaps?.AddRange(source.Gaps);
        return records;
    }
}
