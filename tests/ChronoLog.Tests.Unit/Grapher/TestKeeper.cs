using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;

namespace ChronoLog.Tests.Unit.Grapher;

/// <summary>
/// A Keeper that the test plays: announces chunks with the real extractor and takes archived notices.
/// </summary>
public sealed class TestKeeper
{
    private readonly GrapherFixture fixture;
    private readonly RdmaExtractor extractor;
    private ulong sequence;

    public TestKeeper(GrapherFixture fixture, ulong id)
    {
        this.fixture = fixture;
        Identity = new ProcessIdentity
        {
            ProcessId = id,
            Group = 1,
            Epoch = 1,
            AdminEndpoint = $"tcp://keeper-{id}:4444",
        };
        Bulk = fixture.Network.NewEndpoint($"keeper-{id}", slabBytesMax: 4096);
        extractor = new RdmaExtractor(
            "drain",
            new RdmaExtractorOptions(fixture.Rpc, Bulk, () => fixture.Drain.Endpoint, () => Identity.AdminEndpoint),
            receiver: null);
        InMemoryRpcServer admin = fixture.Rpc.NewServer(fixture.Peers, Identity.AdminEndpoint);
        admin.Handle(Methods.Archived, (request, _) =>
        {
            Archived.AddRange(request.Partials.Select(partial => partial.Sequence));
            return ValueTask.FromResult(new Empty());
        });
        admin.Start();
    }

    public ProcessIdentity Identity { get; }

    public InMemoryBulk Bulk { get; }

    /// <summary>Sequence numbers that the Grapher said are archived, in the order of the notices.</summary>
    public List<ulong> Archived { get; } = [];

    public static ulong Tick(double second) => (ulong)(second * GrapherFixture.Second);

    /// <summary>A partial chunk with the next sequence number.</summary>
    public RetiredChunk NewPartial(
        double startSecond, double endSecond, params (double Second, ulong Client, string Record)[] events) =>
        NewPartial(fixture.Story, startSecond, endSecond, events);

    public RetiredChunk NewPartial(
        StoryDescriptor story, double startSecond, double endSecond,
        params (double Second, ulong Client, string Record)[] events) =>
        NewPartial(story, TestChunks.Chunk(
            story, Tick(startSecond), Tick(endSecond),
            [.. events.Select(item => (Tick(item.Second), item.Client, item.Record))]));

    public RetiredChunk NewPartial(StoryChunk chunk) => NewPartial(fixture.Story, chunk);

    private RetiredChunk NewPartial(StoryDescriptor story, StoryChunk chunk) =>
        TestChunks.Partial(story, chunk, Identity.ProcessId, ++sequence, Identity.Epoch);

    /// <summary>Announces and lets time pass until the Grapher has answered.</summary>
    public ExtractionReceipt Announce(RetiredChunk partial) =>
        fixture.Pump.Run(fixture.Peers, () => extractor.ExtractAsync(partial, CancellationToken.None));

    public ExtractionReceipt Announce(
        double startSecond, double endSecond, params (double Second, ulong Client, string Record)[] events) =>
        Announce(NewPartial(startSecond, endSecond, events));

    /// <summary>Announces without waiting.</summary>
    public Task<ExtractionReceipt> Begin(RetiredChunk partial)
    {
        Task<ExtractionReceipt> announcement =
            fixture.Peers.InvokeAsync(() => extractor.ExtractAsync(partial, CancellationToken.None));
        fixture.Pump.Settle();
        return announcement;
    }

    /// <summary>Reports drain progress; without a tick: a report that names no story.</summary>
    /// <param name="through">Of the story.</param>
    /// <param name="others">Of all others; 0: nothing is said of them.</param>
    /// <param name="journalFull">Takes no events.</param>
    public void Report(ulong? through, ulong others = 0, bool journalFull = false)
    {
        var request = new DrainProgressRequest
        {
            ProcessId = Identity.ProcessId, Epoch = Identity.Epoch, JournalFull = journalFull,
            DrainedThrough = others,
        };
        if (through is { } tick)
        {
            request.Stories.Add(new StoryProgress { StoryId = fixture.Story.StoryId, DrainedThrough = tick });
        }

        fixture.Call(fixture.Drain.Endpoint, Methods.DrainProgress, request);
    }
}
