using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Checking;
using ChronoLog.Tests.Simulation.Processes;

namespace ChronoLog.Tests.Simulation.Clients;

/// <summary>Reads through the product's client: every replay goes to the checker.</summary>
internal sealed class SimReader(ClientProcess process, Deployment deployment)
{
    /// <summary>Replays and checks; null when the replay did not come about, which promises nothing.</summary>
    public async ValueTask<ReplayResult?> TryReplayAsync(ChronoClient client, string story, ulong start, ulong end)
    {
        try
        {
            ReplayResult replay = await ReplayAsync(client, story, start, end);
            if (process.IsAlive)
            {
                process.World.Note("replayed", process.FullName, (ulong)replay.Events.Count, (ulong)replay.Gaps.Count);
                deployment.Checker.Check(replay);
            }

            return replay;
        }
        catch (ChronoLogException exception)
        {
            process.World.Trace.Say(process.World.Now, process.FullName, $"no replay of {story}: {exception.Message}");
            return null;
        }
    }

    private async ValueTask<ReplayResult> ReplayAsync(ChronoClient client, string story, ulong start, ulong end)
    {
        Kernel.SimRandom random = process.World.Random;
        long askedAt = process.World.Now;
        long returnedBefore = deployment.Model.Returns;
        await using Replay replay = await client.ReplayAsync(Deployment.ChronicleOf(story), story, start, end);
        var events = new List<(EventSequence, byte[])>();
        await foreach (EventPage page in replay)
        {
            foreach (EventEntry entry in page.Events)
            {
                events.Add((entry.Sequence, entry.LogRecord.ToArray()));
            }

            if (random.Chance(0.3))
            {
                await process.Delay(TimeSpan.FromMicroseconds(random.Between(10, 20_000)));
            }
        }

        return new ReplayResult(
            story, start, end, askedAt, returnedBefore, events, [.. replay.Gaps], replay.Watermark);
    }
}
