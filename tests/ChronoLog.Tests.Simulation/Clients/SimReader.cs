using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Checking;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Network;
using ChronoLog.Tests.Simulation.Processes;
using ChronoLog.Tests.Unit.Fakes;

namespace ChronoLog.Tests.Simulation.Clients;

/// <summary>
/// The reading side of a client, on the product's <see cref="RemoteReadSource"/>: every replay goes to the checker.
/// </summary>
internal sealed class SimReader
{
    public const string Chronicle = "c";

    private const long BulkBudget = 1 << 20;
    private const int SlabBytesMax = 1 << 18;
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(1);

    private readonly ClientProcess client;
    private readonly Deployment deployment;
    private readonly SimRpcConnector connector;
    private readonly IRpcChannel portal;
    private readonly InMemoryBulk bulk;
    private IRpcChannel? player;

    public SimReader(ClientProcess client, Deployment deployment, SimRpcConnector connector, IRpcChannel portal)
    {
        this.client = client;
        this.deployment = deployment;
        this.connector = connector;
        this.portal = portal;
        bulk = SimBulk.Open(deployment.Network, client, BulkBudget, SlabBytesMax);
        bulk.VerifiesChecksum = !deployment.Bugs.Has(Bugs.PlantedBug.SkipPullChecksum);
    }

    /// <summary>Replays and checks; null when the replay did not come about, which promises nothing.</summary>
    public async ValueTask<ReplayResult?> TryReplayAsync(string story, ulong start, ulong end)
    {
        try
        {
            ReplayResult replay = await ReplayAsync(story, start, end);
            if (client.IsAlive)
            {
                client.World.Note("replayed", client.FullName, (ulong)replay.Events.Count, (ulong)replay.Gaps.Count);
                deployment.Checker.Check(replay);
            }

            return replay;
        }
        catch (ChronoLogException exception)
        {
            client.World.Trace.Say(client.World.Now, client.FullName, $"no replay of {story}: {exception.Message}");
            return null;
        }
    }

    private async ValueTask<ReplayResult> ReplayAsync(string story, ulong start, ulong end)
    {
        StoryReply route = await portal.CallAsync(
            Methods.RouteReplay,
            new StoryRequest { ClientId = client.ClientId, Chronicle = Chronicle, Story = story },
            CallDeadline);
        SimRandom random = client.World.Random;
        var request = new OpenReadRequest
        {
            Story = route.Story,
            StartTime = start,
            EndTime = end,
            ClientId = client.ClientId,
            AcceptsForeignPages = random.Chance(0.7),
            View = route.Group,
        };
        request.EarlierGroups.AddRange(route.EarlierGroups);
        var options = new RemoteReadOptions
        {
            OpenDeadline = TimeSpan.FromSeconds(3), PageDeadline = TimeSpan.FromSeconds(2),
        };
        if (player?.Endpoint != route.Group.Player.ServiceEndpoint)
        {
            player = connector.Open(route.Group.Player.ServiceEndpoint);
        }

        long askedAt = client.World.Now;
        long returnedBefore = deployment.Model.Returns;
        await using RemoteReadSource source =
            await RemoteReadSource.OpenAsync(player, bulk, client, request, options);
        var events = new List<(EventSequence, byte[])>();
        while (await source.NextAsync(CancellationToken.None) is { } run)
        {
            Take(run, events);
            if (random.Chance(0.3))
            {
                await client.Delay(TimeSpan.FromMicroseconds(random.Between(10, 20_000)));
            }
        }

        return new ReplayResult(story, start, end, askedAt, returnedBefore, events, [.. source.Gaps], source.Watermark);
    }

    private static void Take(EventRun run, List<(EventSequence, byte[])> events)
    {
        foreach (EventEntry entry in run.Entries)
        {
            events.Add((entry.Sequence, entry.LogRecord.ToArray()));
        }

        run.Release();
    }
}
