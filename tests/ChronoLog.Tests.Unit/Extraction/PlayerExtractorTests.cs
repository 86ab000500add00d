using ChronoLog.Core.Agents;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Extraction;

/// <summary>Chunks of hot stories on their way to a Player that may not want, or not be able, to take them.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PlayerExtractorTests
{
    private readonly ManualTimers timers = new();
    private readonly StrandPump pump;
    private readonly InMemoryRpc rpc;
    private readonly InMemoryBulk bulk;
    private readonly Strand grapher;
    private readonly PlayerExtractor extractor;
    private readonly List<string> received = [];
    private string? player;

    public PlayerExtractorTests()
    {
        pump = new StrandPump(timers);
        rpc = new InMemoryRpc(timers);
        bulk = new InMemoryBulkNetwork().NewEndpoint("grapher", 1 << 20, 1 << 16);
        grapher = pump.Add("grapher");
        InMemoryRpcServer server = rpc.NewServer(pump.Add("player"));
        server.Handle(Methods.AnnounceChunk, (request, _) =>
        {
            received.Add(request.Story.Attributes["tiering"]);
            return ValueTask.FromResult(new AnnounceChunkReply());
        });
        server.Start();
        player = server.Endpoint;
        extractor = new PlayerExtractor(
            "player", new RdmaExtractorOptions(rpc, bulk, () => player, () => "tcp://grapher:1"), timers, NullLogger.Instance);
    }

    [Test]
    public void Only_chunks_of_hot_stories_are_sent()
    {
        foreach (string tiering in new[] { "normal", "hot", "cold" })
        {
            Extract(tiering);
        }

        Assert.That(received, Is.EqualTo(["hot"]));
        Assert.That(bulk.BytesRented, Is.Zero);
    }

    [Test]
    public void A_player_that_does_not_answer_costs_a_second_and_then_nothing_for_a_while()
    {
        string answering = player!;
        player = "tcp://127.0.0.1:9";
        long begin = timers.MonotonicNanoseconds;
        Extract("hot");
        long passed = timers.MonotonicNanoseconds - begin;
        Assert.That(passed, Is.InRange(900_000_000, 1_500_000_000), "it is given up");
        player = answering;
        Extract("hot");
        Assert.That(timers.MonotonicNanoseconds - begin, Is.EqualTo(passed), "nobody is asked");
        Assert.That(received, Is.Empty);

        pump.Advance(TimeSpan.FromSeconds(11));
        Extract("hot");
        Assert.That(received, Is.EqualTo(["hot"]));
        Assert.That(bulk.BytesRented, Is.Zero);
    }

    [Test]
    public void Nothing_is_sent_while_registered_memory_is_short_or_no_player_is_there()
    {
        List<Core.Ports.Slab> rented = [];
        while (bulk.BytesRented <= bulk.BytesBudget / 2)
        {
            rented.Add(bulk.TryRent(1 << 16)!);
        }

        Extract("hot");
        rented.ForEach(static slab => slab.Release());
        string? alive = player;
        player = null;
        Extract("hot");
        Assert.That(received, Is.Empty);

        player = alive;
        Extract("hot");
        Assert.That(received, Has.Count.EqualTo(1), "no pause was due");
    }

    private void Extract(string tiering)
    {
        StoryDescriptor story = TestChunks.Story();
        story.Attributes["tiering"] = tiering;
        RetiredChunk chunk = TestChunks.Partial(story, TestChunks.Chunk(story, 0, 100, (5, 1, "x")));
        ExtractionReceipt receipt = pump.Run(grapher, () => extractor.ExtractAsync(chunk, CancellationToken.None));
        Assert.That((receipt.IsArchived, receipt.StoryFile), Is.EqualTo((false, (string?)null)));
    }
}
