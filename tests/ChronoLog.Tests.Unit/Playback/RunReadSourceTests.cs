using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using NUnit.Framework;
using FsProperty = FsCheck.NUnit.PropertyAttribute;

namespace ChronoLog.Tests.Unit.Playback;

public sealed class RunReadSourceTests
{
    [FsProperty(MaxTest = 200)]
    public void Any_set_of_runs_comes_out_merged(int seed)
    {
        var random = new Random(seed);
        List<EventRun> runs = [];
        List<TestEvent> all = [];
        for (int i = random.Next(6); i > 0; i--)
        {
            List<TestEvent> events = TestEvent.Series(
                random.Next(1, 50),
                first: (ulong)random.Next(300),
                step: (ulong)random.Next(1, 5),
                client: (ulong)random.Next(1, 3));
            all.AddRange(events);
            runs.Add(TestEvent.ToRun(events));
        }

        var source = new RunReadSource("memory", runs);
        runs.ForEach(run => run.Release());

        List<TestEvent> read = ReadFixture.Drain(source).AsTask().GetAwaiter().GetResult();

        // Of two clusters that only touch in one event both give it: the merge above drops it.
        Assert.That(read.Distinct(), Is.EqualTo(TestEvent.Model(all)));
        Assert.That(read, Is.Ordered.By(nameof(TestEvent.Time)));
        source.DisposeAsync().AsTask().Wait();
    }

    [Test]
    public void A_run_that_overlaps_no_other_is_handed_on_as_it_is()
    {
        EventRun run = TestEvent.ToRun(TestEvent.Series(100_000));
        var source = new RunReadSource("memory", [run]);

        EventRun? read = source.NextAsync(default).AsTask().Result;

        Assert.That(read, Is.SameAs(run));
        Assert.That(source.EventEstimate, Is.EqualTo(100_000));
        Assert.That(source.NextAsync(default).AsTask().Result, Is.Null);
        read!.Release();
        run.Release();
        Assert.That(run.Release, Throws.InvalidOperationException.Or.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Disposed_in_the_middle_it_lets_go_of_everything()
    {
        EventRun one = TestEvent.ToRun(TestEvent.Series(20_000, step: 2));
        EventRun other = TestEvent.ToRun(TestEvent.Series(20_000, first: 1, step: 2));
        EventRun later = TestEvent.ToRun(TestEvent.Series(5, first: 90_000));
        var source = new RunReadSource("memory", [one, later, other]);
        source.NextAsync(default).AsTask().Result!.Release();

        source.DisposeAsync().AsTask().Wait();

        foreach (EventRun run in new[] { one, other, later })
        {
            run.Release();
            Assert.That(run.Release, Throws.InvalidOperationException.Or.InstanceOf<ObjectDisposedException>());
        }
    }
}
