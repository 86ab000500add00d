using ChronoLog.Core.Chunk;
using ChronoLog.Core.Pipeline;
using ChronoLog.Tests.Unit.Chunk;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Pipeline;

/// <summary>Random interleavings against a list of events, and real threads against a count.</summary>
public sealed class StoryPipelineModelTests
{
    [Test]
    public void Any_interleaving_of_handles_late_events_extractions_and_snapshots_equals_the_model()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var run = new Interleaving(seed);
            for (int step = 0; step < 80; step++)
            {
                run.Step();
            }

            run.Finish();
        }
    }

    [Test]
    public void Snapshot_waits_for_a_batch_that_has_begun_and_sees_it_whole()
    {
        var pipeline = new StoryPipeline(7, 0, new PipelineWindows(5_000, 2_000));
        IngestionHandle handle = pipeline.OpenHandle();
        var block = new CountedBlock(new CountedBlock.Ledger(), 2);
        EventRunBuilder builder = handle.Enter();
        builder.Append(block.Add(new(1, 1, 1, "a")), block);
        PipelineSnapshot? snapshot = null;
        var reader = new Thread(() => Volatile.Write(ref snapshot, pipeline.Snapshot(0, ulong.MaxValue)));
        reader.Start();
        bool waits = SpinWait.SpinUntil(
            () => (reader.ThreadState & ThreadState.WaitSleepJoin) != 0 || !reader.IsAlive, TimeSpan.FromSeconds(20));
        PipelineSnapshot? early = Volatile.Read(ref snapshot);
        builder.Append(block.Add(new(2, 1, 2, "b")), block);
        handle.Exit();
        reader.Join();
        Assert.That(waits && early is null, "the reader must wait for Exit");
        Assert.That(snapshot!.Runs.Single().Events().Select(e => e.Record), Is.EqualTo((string[])["a", "b"]));
        snapshot.Dispose();
    }

    [Test]
    public void Threads_that_ingest_extract_and_read_lose_and_invent_nothing()
    {
        const int Writers = 2;
        const uint EventsPerWriter = 60_000;
        const uint Batch = 200;
        var pipeline = new StoryPipeline(7, 0, new PipelineWindows(5_000, 2_000));
        var ledger = new CountedBlock.Ledger();
        long[] written = new long[Writers];
        List<StoryChunk> extracted = [];
        Thread[] threads = [.. Enumerable.Range(0, Writers).Select(writer => new Thread(() =>
        {
            IngestionHandle handle = pipeline.OpenHandle();
            for (uint index = 0; index < EventsPerWriter; index += Batch)
            {
                var block = new CountedBlock(ledger, (int)Batch * 8);
                EventRunBuilder builder = handle.Enter();
                for (uint next = index; next < index + Batch; next++)
                {
                    builder.Append(block.Add(new(next ^ (next & 1), (ulong)writer, next, $"{next}")), block);
                }

                handle.Exit();
                block.Release();
                Volatile.Write(ref written[writer], index + Batch);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        List<string> failures = [];
        while (threads.Any(thread => thread.IsAlive))
        {
            long[] before = [.. Enumerable.Range(0, Writers).Select(writer => Volatile.Read(ref written[writer]))];
            int taken = extracted.Count;
            using (PipelineSnapshot snapshot = pipeline.Snapshot(0, ulong.MaxValue))
            {
                using MergeCursor cursor = MergeCursor.Over(snapshot.Runs);
                List<ModelEvent> seen = cursor.Drain();
                failures.AddRange(seen.Where(e => e.Record != $"{e.Index}").Select(e => $"torn record: {e}"));
                seen.AddRange(extracted.Take(taken).SelectMany(chunk => chunk.Events()));
                for (int writer = 0; writer < Writers; writer++)
                {
                    long count = seen.LongCount(e => e.Client == (ulong)writer);
                    if (count < before[writer])
                    {
                        failures.Add($"of {before[writer]} events only {count} were seen");
                    }
                }
            }

            pipeline.ExtractRetired((ulong)before.Min(), extracted);
        }

        Array.ForEach(threads, thread => thread.Join());
        pipeline.FinalizeChunks(extracted);
        Assert.That(failures, Is.Empty);
        List<ModelEvent> all = [.. extracted.SelectMany(chunk => chunk.Events())];
        Assert.That(all, Has.Count.EqualTo(Writers * EventsPerWriter));
        Assert.That(all.Distinct().Count(), Is.EqualTo(all.Count));
        extracted.ForEach(chunk => chunk.Release());
        Assert.That(ledger.Alive, Is.Zero);
    }

    /// <summary>Chunks of 10 ticks, window of 15; the model keeps every event and where it is.</summary>
    private sealed class Interleaving(int seed)
    {
        private const ulong Duration = 10;
        private const ulong Window = 15;

        private readonly Random random = new(seed);
        private readonly CountedBlock.Ledger ledger = new();
        private readonly StoryPipeline pipeline = new(7, 0, new PipelineWindows(Duration, Window));
        private readonly List<IngestionHandle> handles = [];
        private readonly List<ModelEvent> model = [];
        private readonly List<(PipelineSnapshot Snapshot, List<ModelEvent> Expected)> snapshots = [];
        private ulong now = 20;
        private uint index;

        public void Step()
        {
            switch (random.Next(12))
            {
                case 0:
                    handles.Add(pipeline.OpenHandle());
                    break;
                case 1:
                    pipeline.Sequence();
                    break;
                case 2:
                    pipeline.Ingest(ledger.Run(Batch()));
                    break;
                case 3:
                    Extract();
                    break;
                case 4 or 5:
                    Snapshot();
                    break;
                case 6 when snapshots.Count > 0:
                    CheckSnapshot(random.Next(snapshots.Count));
                    break;
                case 7 when handles.Count > 3:
                    pipeline.CloseHandle(handles[0]);
                    handles.RemoveAt(0);
                    break;
                default:
                    now += (ulong)random.Next(8);
                    Append();
                    break;
            }

            Assert.That(pipeline.EventCount, Is.EqualTo(model.Count), $"seed {seed}");
            Assert.That(pipeline.RecordBytes, Is.EqualTo(model.Sum(e => e.Record.Length)), $"seed {seed}");
        }

        public void Finish()
        {
            while (snapshots.Count > 0)
            {
                CheckSnapshot(0);
            }

            List<StoryChunk> chunks = [];
            pipeline.FinalizeChunks(chunks);
            CheckChunks(chunks, _ => true);
            Assert.That(model, Is.Empty);
            Assert.That(ledger.Alive, Is.Zero, $"seed {seed}");
        }

        private List<ModelEvent> Batch()
        {
            List<ModelEvent> batch = [];
            for (int count = random.Next(1, 15); count > 0; count--)
            {
                // Mostly near now, sometimes late, seldom a retransmission.
                ulong time = random.Next(10) == 0 ? (ulong)random.Next((int)now) : now - (ulong)random.Next(12);
                ModelEvent added = random.Next(10) == 0 && model.Count > 0
                    ? model[random.Next(model.Count)]
                    : new ModelEvent(time, (ulong)random.Next(3), index++, $"{time}:{index}");
                batch.Add(added);
                model.Add(added);
            }

            return batch;
        }

        private void Append()
        {
            if (handles.Count == 0)
            {
                handles.Add(pipeline.OpenHandle());
            }

            IngestionHandle handle = handles[random.Next(handles.Count)];
            List<ModelEvent> batch = Batch();
            var block = new CountedBlock(ledger, batch.Sum(e => e.Record.Length));
            EventRunBuilder builder = handle.Enter();
            batch.ForEach(e => builder.Append(block.Add(e), block));
            handle.Exit();
            block.Release();
        }

        private void Extract()
        {
            List<StoryChunk> chunks = [];
            ulong through = pipeline.RetiredThrough;
            pipeline.ExtractRetired(now, chunks);
            ulong settled = now < Window ? 0 : (now - Window) / Duration * Duration;
            Assert.That(pipeline.RetiredThrough, Is.EqualTo(Math.Max(through, settled)), $"seed {seed}");
            IEnumerable<bool> late = chunks.Select(chunk => chunk.EndTime <= through);
            Assert.That(chunks.Select(chunk => chunk.IsLate), Is.EqualTo(late));
            CheckChunks(chunks, e => (((e.Time / Duration) + 1) * Duration) + Window <= now);
        }

        private void CheckChunks(List<StoryChunk> chunks, Func<ModelEvent, bool> due)
        {
            List<ModelEvent> expected = [.. model.Where(due)];
            model.RemoveAll(new Predicate<ModelEvent>(due));
            var groups = expected.GroupBy(e => e.Time / Duration).OrderBy(group => group.Key).ToList();
            IEnumerable<ulong> starts = groups.Select(group => group.Key * Duration);
            Assert.That(chunks.Select(chunk => chunk.StartTime), Is.EqualTo(starts), $"seed {seed}");
            foreach ((StoryChunk chunk, var group) in chunks.Zip(groups))
            {
                Assert.That(chunk.Events(), Is.EqualTo(ModelEvent.Merge(group)), $"seed {seed}");
                Assert.That(chunk.EventCount, Is.EqualTo(group.Count()), $"seed {seed}");
                chunk.Release();
            }
        }

        private void Snapshot()
        {
            ulong start = (ulong)random.Next((int)now + 5);
            ulong end = random.Next(4) == 0 ? ulong.MaxValue : (ulong)random.Next((int)now + 5);
            List<ModelEvent> expected = ModelEvent.Merge(model.Where(e => e.Time >= start && e.Time < end));
            snapshots.Add((pipeline.Snapshot(start, end), expected));
        }

        private void CheckSnapshot(int position)
        {
            (PipelineSnapshot snapshot, List<ModelEvent> expected) = snapshots[position];
            snapshots.RemoveAt(position);
            using (MergeCursor cursor = MergeCursor.Over(snapshot.Runs))
            {
                snapshot.Dispose();
                Assert.That(cursor.Drain(random), Is.EqualTo(expected), $"seed {seed}");
            }
        }
    }
}
