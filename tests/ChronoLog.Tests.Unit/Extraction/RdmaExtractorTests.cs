using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Extraction;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RdmaExtractorTests
{
    private readonly StrandPump pump = new(new ManualTimers());
    private readonly InMemoryBulkNetwork network = new();
    private readonly List<string> pulled = [];
    private readonly List<AnnounceChunkRequest> announced = [];
    private readonly InMemoryRpc rpc;
    private readonly Strand sender;
    private readonly Strand receiver;
    private readonly InMemoryBulk sending;
    private readonly InMemoryBulk receiving;
    private string? endpoint;

    public RdmaExtractorTests()
    {
        rpc = new InMemoryRpc(pump.Timers);
        sender = pump.Add("sender");
        receiver = pump.Add("receiver");
        sending = network.NewEndpoint("keeper", slabBytesMax: 4096);
        receiving = network.NewEndpoint("grapher");
    }

    [Test]
    public void A_chunk_is_exposed_announced_pulled_and_withdrawn()
    {
        endpoint = Serve().Endpoint;
        StoryDescriptor story = TestChunks.Story();
        StoryChunk chunk = TestChunks.Chunk(story, 100, 200, (120, 2, "b"), (110, 1, "a"), (120, 2, "c"));
        Extract(TestChunks.Partial(story, chunk));

        AnnounceChunkRequest request = announced.Single();
        Assert.That((request.StartTime, request.EndTime, request.EventCount), Is.EqualTo((100UL, 200UL, 3U)));
        Assert.That((request.Part, request.MoreParts, request.Complete), Is.EqualTo((0U, false, false)));
        Assert.That(request.Story, Is.EqualTo(story));
        Assert.That(request.AdminEndpoint, Is.EqualTo("tcp://127.0.0.1:4444"));
        Assert.That(pulled, Is.EqualTo(RecordingExtractor.EventsOf(chunk)));
        Assert.That(network.Exposures, Is.Zero);
        Assert.That(sending.BytesRented, Is.Zero);
    }

    [Test]
    public void A_chunk_larger_than_the_largest_slab_travels_in_parts()
    {
        endpoint = Serve().Endpoint;
        StoryDescriptor story = TestChunks.Story();
        StoryChunk chunk = TestChunks.Chunk(story, 1000, 100_000, count: 300, recordBytes: 50);
        Extract(TestChunks.Partial(story, chunk));

        Assert.That(announced, Has.Count.GreaterThan(3));
        Assert.That(announced.Select(request => request.Part), Is.EqualTo(Enumerable.Range(0, announced.Count)));
        Assert.That(announced.Select(request => request.MoreParts), Is.EqualTo(
            Enumerable.Repeat(true, announced.Count - 1).Append(false)));
        Assert.That(announced.Select(request => request.Partial).Distinct().Count(), Is.EqualTo(1));
        Assert.That(announced.Sum(request => request.EventCount), Is.EqualTo(300));
        Assert.That(pulled, Is.EqualTo(RecordingExtractor.EventsOf(chunk)));
        Assert.That((network.Exposures, sending.BytesRented), Is.EqualTo((0, 0L)));
    }

    [Test]
    public void The_same_chunk_gives_the_same_parts_again()
    {
        endpoint = Serve().Endpoint;
        StoryDescriptor story = TestChunks.Story();
        RetiredChunk chunk =
            TestChunks.Partial(story, TestChunks.Chunk(story, 1000, 100_000, count: 300, recordBytes: 50));
        Extract(chunk);
        var first = announced.Select(request => (request.Part, request.EventCount, request.Image.Crc32C)).ToList();
        announced.Clear();
        Extract(chunk);
        Assert.That(
            announced.Select(request => (request.Part, request.EventCount, request.Image.Crc32C)), Is.EqualTo(first));
    }

    [Test]
    public void A_record_that_no_slab_can_hold_is_named()
    {
        endpoint = Serve().Endpoint;
        StoryDescriptor story = TestChunks.Story();
        RetiredChunk chunk = TestChunks.Partial(story, TestChunks.Chunk(story, 0, 100, (5, 1, new string('x', 5000))));
        ChronoLogException error = Assert.Throws<ChronoLogException>(() => Extract(chunk))!;
        Assert.That(error.Status, Is.EqualTo(Status.LimitExceeded));
        Assert.That(error.Message, Does.Contain("5000").And.Contain("4096"));
        Assert.That(sending.BytesRented, Is.Zero);
    }

    [Test]
    public void Without_a_receiver_the_error_says_so()
    {
        ChronoLogException error = Assert.Throws<ChronoLogException>(() => Extract(Small()))!;
        Assert.That(error.Status, Is.EqualTo(Status.NoConnection));
        Assert.That(error.Message, Does.Contain("no Grapher of group 1").And.Contain("c/s"));
        Assert.That((network.Exposures, sending.BytesRented), Is.EqualTo((0, 0L)));
    }

    [Test]
    public void A_silent_receiver_ends_with_the_deadline_and_the_memory_comes_back()
    {
        endpoint = "tcp://127.0.0.1:9";
        ChronoLogException error = Assert.Throws<ChronoLogException>(() => Extract(Small()))!;
        Assert.That(error.Status, Is.EqualTo(Status.TimedOut));
        Assert.That(error.Message, Does.Contain("tcp://127.0.0.1:9"));
        Assert.That((network.Exposures, sending.BytesRented), Is.EqualTo((0, 0L)));
    }

    [Test]
    public void A_receiver_that_moved_is_followed()
    {
        RdmaExtractor extractor = NewExtractor();
        endpoint = Serve().Endpoint;
        Extract(Small(), extractor);
        endpoint = Serve().Endpoint;
        Extract(Small(), extractor);
        Assert.That(rpc.Calls.Select(call => call.Endpoint).Distinct().Count(), Is.EqualTo(2));
    }

    [Test]
    public void Already_archived_reaches_the_receipt()
    {
        InMemoryRpcServer server = rpc.NewServer(receiver);
        server.Handle(Methods.AnnounceChunk, (_, _) =>
            ValueTask.FromResult(new AnnounceChunkReply { AlreadyArchived = true }));
        server.Start();
        endpoint = server.Endpoint;
        ExtractionReceipt receipt = Extract(Small());
        Assert.That(receipt.IsArchived, Is.True);
    }

    private static RetiredChunk Small()
    {
        StoryDescriptor story = TestChunks.Story();
        return TestChunks.Partial(story, TestChunks.Chunk(story, 0, 100, (5, 1, "x")));
    }

    private RdmaExtractor NewExtractor() => new(
        "drain", new RdmaExtractorOptions(rpc, sending, () => endpoint, () => "tcp://127.0.0.1:4444"), receiver: null);

    private ExtractionReceipt Extract(RetiredChunk chunk, RdmaExtractor? extractor = null) =>
        pump.Run(sender, () => (extractor ?? NewExtractor()).ExtractAsync(chunk, CancellationToken.None));

    private InMemoryRpcServer Serve()
    {
        InMemoryRpcServer server = rpc.NewServer(receiver);
        server.Handle(Methods.AnnounceChunk, async (request, context) =>
        {
            Slab slab = await receiving.RentAsync((int)request.Image.Length, context.Deadline);
            await receiving.PullAsync(request.Image, slab, context.Deadline);
            EventRun run = ColumnImage.ToRun(slab, (int)request.Image.Length, out ColumnImageHeader header);
            Assert.That(
                (header.Count, header.Sequence), Is.EqualTo(((int)request.EventCount, request.Partial.Sequence)));
            foreach (var entry in run.Entries)
            {
                pulled.Add(RecordingExtractor.TextOf(entry));
            }

            run.Release();
            slab.Release();
            announced.Add(request);
            return new AnnounceChunkReply();
        });
        server.Start();
        return server;
    }
}
