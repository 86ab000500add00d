using ChronoLog.Core.Chunk;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Chunk;

/// <summary>The chunk cases of the C++ ChronoLog: chunk [100, 200) of story 7.</summary>
public sealed class StoryChunkTests
{
    private const ulong Story = 7;

    [TestCase(200u, false)]
    [TestCase(99u, false)]
    [TestCase(100u, true)]
    [TestCase(199u, true)]
    public void Event_at_200_and_before_100_is_refused_and_at_100_taken(uint time, bool taken)
    {
        StoryChunk chunk = Chunk();
        Assert.That(chunk.Insert(Story, time, 1, 1, "x"u8), Is.EqualTo(taken));
        Assert.That(chunk.IsEmpty, Is.EqualTo(!taken));
    }

    [Test]
    public void Events_180_120_150_160_199_101_come_out_ascending()
    {
        StoryChunk chunk = Chunk(180, 120, 150, 160, 199, 101);
        Assert.That(chunk.Times(), Is.EqualTo((ulong[])[101, 120, 150, 160, 180, 199]));
    }

    [Test]
    public void Same_tick_of_other_clients_and_indices_is_kept_and_a_duplicate_dropped_the_first_staying()
    {
        StoryChunk chunk = Chunk();
        Assert.That(chunk.Insert(Story, 150, 1, 1, "first"u8));
        Assert.That(chunk.Insert(Story, 150, 1, 2, "second"u8));
        Assert.That(chunk.Insert(Story, 150, 2, 1, "third"u8));
        Assert.That(chunk.Insert(Story, 150, 1, 1, "duplicate"u8), Is.False);
        Assert.That(chunk.Events().Select(e => e.Record), Is.EqualTo((string[])["first", "second", "third"]));
    }

    [Test]
    public void Wrong_story_is_refused()
    {
        StoryChunk chunk = Chunk();
        Assert.That(chunk.Insert(Story + 1, 150, 1, 1, "x"u8), Is.False);
        var other = new StoryChunk(Story + 1, 100, 200);
        other.Insert(Story + 1, 150, 1, 1, "x"u8);
        Assert.That(chunk.MergeFrom(other), Is.Zero);
        Assert.That(other.EventCount, Is.EqualTo(1));
    }

    [Test]
    public void Payload_of_20_KB_stays_intact()
    {
        byte[] record = new byte[20_000];
        new Random(3).NextBytes(record);
        StoryChunk chunk = Chunk(110);
        chunk.Insert(Story, 150, 1, 1, record);
        using MergeCursor cursor = chunk.OpenMerge();
        var entries = new Core.Model.EventEntry[3];
        Assert.That(cursor.Read(entries), Is.EqualTo(2));
        Assert.That(entries[1].LogRecord.SequenceEqual(record));
    }

    [TestCase(new ulong[] { 50, 120, 220 }, 1, new ulong[] { 50, 220 })]
    [TestCase(new ulong[] { 100, 150, 199, 200 }, 3, new ulong[] { 200 })]
    [TestCase(new ulong[] { 80, 110, 180, 220 }, 2, new ulong[] { 80, 220 })]
    public void Merge_takes_what_lies_inside_and_leaves_the_rest_at_the_source(ulong[] times, int taken, ulong[] left)
    {
        StoryChunk target = Chunk();
        var source = new StoryChunk(Story, 0, 300);
        Fill(source, times);
        Assert.That(target.MergeFrom(source), Is.EqualTo(taken));
        Assert.That(target.Times(), Is.EqualTo(times.Except(left)));
        Assert.That(source.Times(), Is.EqualTo(left));
        Assert.That((target.EventCount, source.EventCount), Is.EqualTo(((long)taken, (long)left.Length)));
        Assert.That((target.RecordBytes, source.RecordBytes), Is.EqualTo(((long)taken, (long)left.Length)));
    }

    [Test]
    public void Erase_is_half_open()
    {
        StoryChunk chunk = Chunk(100, 120, 140, 160, 180);
        Assert.That(chunk.Erase(120, 160), Is.EqualTo(2));
        Assert.That(chunk.Times(), Is.EqualTo((ulong[])[100, 160, 180]));
        Assert.That(chunk.Erase(160, 120), Is.Zero);
        Assert.That(chunk.Erase(0, ulong.MaxValue), Is.EqualTo(3));
        Assert.That(chunk.IsEmpty);
    }

    [Test]
    public void Any_mix_of_operations_equals_the_model()
    {
        for (int seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            var ledger = new CountedBlock.Ledger();
            var chunk = new StoryChunk(Story, 5, 45);
            List<ModelEvent> model = [];
            for (int step = 0; step < 60; step++)
            {
                Step(chunk, model, ledger, random);
                Assert.That(chunk.EventCount, Is.EqualTo(model.Count), $"seed {seed} step {step}");
                Assert.That(chunk.RecordBytes, Is.EqualTo(model.Sum(e => e.Record.Length)), $"seed {seed} step {step}");
                Assert.That(chunk.ChainCount, Is.LessThanOrEqualTo(StoryChunk.ChainsMax));
            }

            Assert.That(chunk.Events(), Is.EqualTo(ModelEvent.Merge(model)), $"seed {seed}");
            chunk.Release();
            Assert.That(ledger.Alive, Is.Zero, $"seed {seed}");
        }
    }

    [Test]
    public void Descending_events_do_not_widen_the_merge_without_bound()
    {
        var ledger = new CountedBlock.Ledger();
        var chunk = new StoryChunk(Story, 0, 10_000);
        for (ulong time = 2_000; time > 0; time--)
        {
            EventRun run = ledger.Run([new(time, 1, 1, "r")]);
            chunk.Add(run);
            run.Release();
            Assert.That(chunk.ChainCount, Is.LessThanOrEqualTo(StoryChunk.ChainsMax));
        }

        Assert.That(chunk.Times(), Is.EqualTo(Enumerable.Range(1, 2_000).Select(time => (ulong)time)));
        chunk.Release();
        Assert.That(ledger.Alive, Is.Zero);
    }

    [Test]
    public void Many_small_runs_become_few_and_shared_owners_stay_apart()
    {
        var ledger = new CountedBlock.Ledger();
        var chunk = new StoryChunk(Story, 0, 100_000);
        List<(StoryChunk Share, int Count)> shares = [];
        for (int index = 0; index < 3_000; index++)
        {
            EventRun run = ledger.Run([new((ulong)index, 1, (uint)index, "r")]);
            chunk.Add(run);
            run.Release();
            if (index % 500 == 250)
            {
                // Both go on from the same array: neither may see or overwrite what the other adds.
                StoryChunk share = chunk.Share();
                share.Insert(Story, (ulong)index + 1, 9, 9, "share"u8);
                shares.Add((share, index + 2));
            }
        }

        Assert.That(chunk.Times(), Is.EqualTo(Enumerable.Range(0, 3_000).Select(time => (ulong)time)));
        foreach ((StoryChunk share, int count) in shares)
        {
            List<ModelEvent> events = share.Events();
            Assert.That(events, Has.Count.EqualTo(count));
            Assert.That(events[^1].Record, Is.EqualTo("share"));
            share.Release();
        }

        Assert.That(chunk.Runs.Count(), Is.LessThan(200));
        chunk.Release();
        Assert.That(ledger.Alive, Is.Zero);
    }

    private static void Step(StoryChunk chunk, List<ModelEvent> model, CountedBlock.Ledger ledger, Random random)
    {
        switch (random.Next(8))
        {
            case 0:
                ulong start = (ulong)random.Next(50);
                ulong end = (ulong)random.Next(50);
                int erased = model.RemoveAll(e => e.Time >= start && e.Time < end);
                Assert.That(chunk.Erase(start, end), Is.EqualTo(erased));
                break;
            case 1:
                ModelEvent single = ModelEvent.Next(random);
                bool fits = single.Time is >= 5 and < 45 && !model.Any(e => e.Sequence == single.Sequence);
                byte[] record = System.Text.Encoding.UTF8.GetBytes(single.Record);
                Assert.That(chunk.Insert(Story, single.Time, single.Client, single.Index, record), Is.EqualTo(fits));
                if (fits)
                {
                    model.Add(single);
                }

                break;
            default:
                ModelEvent[] events = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => ModelEvent.Next(random))];
                EventRun run = ledger.Run(events);
                ModelEvent[] inside = [.. events.Where(e => e.Time is >= 5 and < 45)];
                Assert.That(chunk.Add(run), Is.EqualTo(inside.Length));
                run.Release();
                model.AddRange(inside);
                break;
        }
    }

    private static StoryChunk Chunk(params ulong[] times)
    {
        var chunk = new StoryChunk(Story, 100, 200);
        Fill(chunk, times);
        return chunk;
    }

    private static void Fill(StoryChunk chunk, ulong[] times)
    {
        foreach (ulong time in times)
        {
            Assert.That(chunk.Insert(Story, time, 1, 1, "r"u8));
        }
    }
}
