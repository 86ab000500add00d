using ChronoLog.Core.Chunk;
using ChronoLog.Core.Pipeline;
using ChronoLog.Tests.Unit.Chunk;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Pipeline;

/// <summary>The pipeline cases of the C++ ChronoLog. NS = 10^9; P(start, chunk seconds, window seconds).</summary>
public sealed class StoryPipelineTests
{
    private const ulong NS = 1_000_000_000;

    private readonly CountedBlock.Ledger ledger = new();

    [TestCase(9 * NS, 9 * NS)]
    [TestCase(5_500_000_000ul, 3 * NS)]
    [TestCase(0ul, 0ul)]
    [TestCase(ulong.MaxValue, 18_446_744_073 * NS)]
    public void Starts_are_aligned_down(ulong start, ulong first)
    {
        StoryPipeline pipeline = P(start, 3, 1);
        Assert.That(pipeline.StartTime, Is.EqualTo(first));
        Record(pipeline, start);
        Assert.That(Finalize(pipeline).Single().StartTime, Is.EqualTo(first));
    }

    [Test]
    public void No_overflow_near_the_end_of_time()
    {
        StoryPipeline pipeline = P(ulong.MaxValue - 5, 3, 60);
        Record(pipeline, ulong.MaxValue, ulong.MaxValue - 1, ulong.MaxValue - (6 * NS));
        List<StoryChunk> chunks = Extract(pipeline, ulong.MaxValue - 1);
        Assert.That(chunks, Is.Empty);
        using (PipelineSnapshot snapshot = pipeline.Snapshot(0, ulong.MaxValue))
        {
            Assert.That(snapshot.Runs.Sum(run => run.Count), Is.EqualTo(3));
        }

        chunks = Finalize(pipeline);
        Assert.That(chunks.Select(chunk => chunk.EventCount), Is.EqualTo((long[])[1, 2]));
        Assert.That(chunks[1].EndTime, Is.EqualTo(ulong.MaxValue));
    }

    [Test]
    public void P_0_1_1_extracting_at_2NS_minus_1_gives_nothing()
    {
        StoryPipeline pipeline = P(0, 1, 1);
        Record(pipeline, 500);
        Assert.That(Extract(pipeline, (2 * NS) - 1), Is.Empty);
        Assert.That(pipeline.RetiredThrough, Is.Zero);
    }

    [Test]
    public void P_0_1_1_event_at_500_ns_extracting_at_2NS_plus_1_gives_one_chunk()
    {
        StoryPipeline pipeline = P(0, 1, 1);
        Record(pipeline, 500);
        StoryChunk chunk = Extract(pipeline, (2 * NS) + 1).Single();
        Assert.That((chunk.StoryId, chunk.StartTime, chunk.EndTime, chunk.EventCount), Is.EqualTo((7ul, 0ul, NS, 1L)));
        Assert.That(pipeline.RetiredThrough, Is.EqualTo(NS));
        Assert.That(pipeline.EventCount, Is.Zero);
    }

    [Test]
    public void P_0_1_1_events_half_and_one_and_a_half_extracting_at_3NS_plus_1_gives_two_chunks()
    {
        StoryPipeline pipeline = P(0, 1, 1);
        Record(pipeline, NS / 2, NS * 3 / 2);
        Assert.That(Extract(pipeline, (3 * NS) + 1).Select(chunk => chunk.StartTime), Is.EqualTo((ulong[])[0, NS]));
    }

    [Test]
    public void P_0_1_1_event_at_three_and_a_half_extracting_at_3NS_plus_1_gives_none()
    {
        StoryPipeline pipeline = P(0, 1, 1);
        Record(pipeline, NS * 7 / 2);
        Assert.That(Extract(pipeline, (3 * NS) + 1), Is.Empty);
        Assert.That(pipeline.RetiredThrough, Is.EqualTo(2 * NS), "but everything up to there is settled");
    }

    [Test]
    public void P_0_1_1_extracting_at_exactly_2NS_terminates_and_gives_the_chunk()
    {
        StoryPipeline pipeline = P(0, 1, 1);
        Record(pipeline, 500);
        Assert.That(Extract(pipeline, 2 * NS), Has.Count.EqualTo(1));
        Assert.That(Extract(pipeline, 2 * NS), Is.Empty);
    }

    [Test]
    public void Finalizing_with_nothing_pending_gives_no_chunk() => Assert.That(Finalize(P(0, 1, 1)), Is.Empty);

    [Test]
    public void Finalizing_gives_events_of_both_sides_in_order_of_time_and_twice_no_more()
    {
        StoryPipeline pipeline = P(0, 1, 1);
        IngestionHandle handle = pipeline.OpenHandle();
        Record(handle, 2 * NS);
        pipeline.Sequence();
        Record(handle, 1);
        List<StoryChunk> chunks = Finalize(pipeline);
        Assert.That(chunks.SelectMany(chunk => chunk.Times()), Is.EqualTo((ulong[])[1, 2 * NS]));
        Assert.That(Finalize(pipeline), Is.Empty);
    }

    [Test]
    public void Finalizing_events_quarter_one_and_a_quarter_three_and_a_quarter_gives_three_chunks_and_no_empty_one()
    {
        StoryPipeline pipeline = P(0, 1, 1);
        Record(pipeline, NS / 4, NS * 5 / 4, NS * 13 / 4);
        Assert.That(Finalize(pipeline).Select(chunk => chunk.StartTime), Is.EqualTo((ulong[])[0, NS, 3 * NS]));
    }

    [Test]
    public void Late_event_makes_its_chunk_again_which_retires_at_the_next_extraction()
    {
        StoryPipeline pipeline = P(0, 1, 1);
        Record(pipeline, 500);
        Assert.That(Extract(pipeline, 5 * NS).Single().IsLate, Is.False);
        Record(pipeline, 600);
        StoryChunk late = Extract(pipeline, 5 * NS).Single();
        Assert.That((late.StartTime, late.EndTime, late.IsLate), Is.EqualTo((0ul, NS, true)));
        Assert.That(late.Times(), Is.EqualTo((ulong[])[600]));
    }

    [Test]
    public void Far_away_and_early_ticks_cost_one_chunk_each()
    {
        StoryPipeline pipeline = P(100 * NS, 1, 1);
        Record(pipeline, 100 * NS, 5, ulong.MaxValue / 2, 100 * NS);
        pipeline.Sequence();
        Assert.That(pipeline.ChunkCount, Is.EqualTo(3));
        Assert.That(Finalize(pipeline).Select(chunk => chunk.EventCount), Is.EqualTo((long[])[1, 2, 1]));
    }

    [Test]
    public void Closed_handle_leaves_its_events()
    {
        StoryPipeline pipeline = P(0, 1, 1);
        IngestionHandle handle = pipeline.OpenHandle();
        Record(handle, 1, 2);
        Assert.That((pipeline.EventCount, pipeline.RecordBytes), Is.EqualTo((2L, 2L)), "pending ones count");
        pipeline.CloseHandle(handle);
        pipeline.CloseHandle(handle);
        Assert.That(pipeline.EventCount, Is.EqualTo(2));
        Assert.That(Finalize(pipeline).Single().EventCount, Is.EqualTo(2));
    }

    [Test]
    public void Discarding_releases_everything_but_what_a_snapshot_holds()
    {
        var own = new CountedBlock.Ledger();
        StoryPipeline pipeline = P(0, 1, 1);
        pipeline.Ingest(own.Run([new(1, 1, 1, "kept"), new(2 * NS, 1, 2, "too")]));
        PipelineSnapshot snapshot = pipeline.Snapshot(0, NS);
        Assert.That(pipeline.Discard(), Is.EqualTo(2));
        Assert.That(pipeline.EventCount, Is.Zero);
        Assert.That(snapshot.Runs.Single().Events().Single().Record, Is.EqualTo("kept"));
        snapshot.Dispose();
        snapshot.Dispose();
        Assert.That(own.Alive, Is.Zero);
    }

    [Test]
    public void Chunk_duration_of_zero_is_refused() =>
        Assert.That(() => P(0, 0, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());

    private static StoryPipeline P(ulong start, ulong chunkSeconds, ulong windowSeconds) =>
        new(7, start, new PipelineWindows(chunkSeconds * NS, windowSeconds * NS));

    private static List<StoryChunk> Extract(StoryPipeline pipeline, ulong now)
    {
        List<StoryChunk> chunks = [];
        Assert.That(pipeline.ExtractRetired(now, chunks), Is.EqualTo(chunks.Count));
        return chunks;
    }

    private static List<StoryChunk> Finalize(StoryPipeline pipeline)
    {
        List<StoryChunk> chunks = [];
        Assert.That(pipeline.FinalizeChunks(chunks), Is.EqualTo(chunks.Count));
        return chunks;
    }

    private void Record(StoryPipeline pipeline, params ulong[] times) => Record(pipeline.OpenHandle(), times);

    private void Record(IngestionHandle handle, params ulong[] times)
    {
        var block = new CountedBlock(ledger, times.Length);
        EventRunBuilder builder = handle.Enter();
        uint index = 0;
        foreach (ulong time in times)
        {
            builder.Append(block.Add(new(time, 1, index++, "r")), block);
        }

        handle.Exit();
        block.Release();
    }
}
