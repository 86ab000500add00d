using ChronoLog.Core.Agents;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Extraction;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ExtractionModuleTests
{
    private readonly StrandPump pump = new(new ManualTimers());
    private readonly List<ExtractionOutcome> outcomes = [];
    private readonly RecordingLogger logger = new();
    private Strand role = null!;
    private ExtractionModule module = null!;

    [Test]
    public void A_failing_extractor_is_reported_and_the_chain_goes_on()
    {
        var first = new RecordingExtractor("first") { WritesStoryFiles = true };
        var broken = new RecordingExtractor("broken") { Fail = _ => new IOException("disk full on /scratch") };
        var last = new RecordingExtractor("last");
        Start(1, [first, broken, last]);
        Assert.That(module.Queue.TryEnqueue(NewChunk()), Is.True);
        pump.Settle();

        Assert.That(first.Taken, Has.Count.EqualTo(1));
        Assert.That(last.Taken, Has.Count.EqualTo(1));
        ExtractionOutcome outcome = outcomes.Single();
        Assert.That(outcome.Succeeded, Is.False);
        Assert.That(outcome.StoryFiles, Has.Count.EqualTo(1));
        Assert.That(outcome.Failures.Single().Extractor, Is.EqualTo("broken"));
        Assert.That(outcome.Failures.Single().Error.Message, Does.Contain("/scratch"));
    }

    [Test]
    public void A_retry_runs_only_those_that_failed()
    {
        var good = new RecordingExtractor("good");
        var flaky = new RecordingExtractor("flaky") { Fail = call => call < 3 ? new IOException("not yet") : null };
        Start(1, [good, flaky], outcome => outcome.Succeeded || module.Queue.TryEnqueue(outcome.Retry()));
        module.Queue.TryEnqueue(NewChunk());
        pump.Settle();

        Assert.That((good.Calls, flaky.Calls), Is.EqualTo((1, 3)));
        Assert.That(outcomes.Select(outcome => outcome.Job.Attempt), Is.EqualTo(new[] { 1, 2, 3 }));
        Assert.That(outcomes[^1].Succeeded, Is.True);
    }

    [Test]
    public void Streams_work_side_by_side_on_chunks_of_one_story()
    {
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var slow = new RecordingExtractor("slow") { Gate = () => new ValueTask(open.Task) };
        Start(2, [slow]);
        for (int i = 0; i < 3; i++)
        {
            module.Queue.TryEnqueue(NewChunk());
        }

        pump.Settle();
        Assert.That((slow.Calls, module.Active, module.Queue.Count), Is.EqualTo((2, 2, 1)));
        open.SetResult();
        pump.Settle();
        Assert.That(slow.Taken, Has.Count.EqualTo(3));
        Assert.That(module.Active, Is.Zero);
    }

    [Test]
    public void A_defect_of_the_role_does_not_end_the_stream()
    {
        var extractor = new RecordingExtractor("e");
        Start(1, [extractor], _ => throw new InvalidOperationException("a defect"));
        module.Queue.TryEnqueue(NewChunk());
        module.Queue.TryEnqueue(NewChunk());
        pump.Settle();

        Assert.That(extractor.Taken, Has.Count.EqualTo(2));
        Assert.That(logger.Lines.Select(line => line.Text), Has.Some.Contain("a defect"));
    }

    [Test]
    public void Stopping_ends_every_stream_and_leaves_the_rest_queued()
    {
        Start(2, [new RecordingExtractor("e")]);
        pump.Settle();
        pump.Run(role, () => module.StopAsync());
        module.Queue.TryEnqueue(NewChunk());
        pump.Settle();
        Assert.That(module.Queue.Count, Is.EqualTo(1));
        Assert.That(outcomes, Is.Empty);
    }

    [Test]
    public void The_logging_extractor_says_what_went_by()
    {
        Start(1, [new LoggingExtractor("watch", logger)]);
        module.Queue.TryEnqueue(NewChunk());
        pump.Settle();
        Assert.That(
            logger.Lines.Single().Text, Does.Contain("watch").And.Contain("c/s").And.Contain("1 events, 3 bytes"));
    }

    [TestCase(1, 100)]
    [TestCase(2, 200)]
    [TestCase(4, 800)]
    [TestCase(20, 10_000)]
    public void Backoff_doubles_up_to_its_ceiling(int attempt, int milliseconds) =>
        Assert.That(RetryBackoff.Default.After(attempt), Is.EqualTo(TimeSpan.FromMilliseconds(milliseconds)));

    private static RetiredChunk NewChunk()
    {
        StoryDescriptor story = TestChunks.Story();
        return TestChunks.Partial(story, TestChunks.Chunk(story, 0, 100, (50, 1, "abc")));
    }

    private void Start(
        int streams, IReadOnlyList<IChunkExtractor> chain, Func<ExtractionOutcome, bool>? completed = null)
    {
        role = pump.Add("role");
        module = new ExtractionModule(streams, chain, new ExtractionQueue(100, 1 << 20), logger);
        module.Start([.. Enumerable.Range(0, streams).Select(i => pump.Add($"extraction-{i}"))], role, outcome =>
        {
            Assert.That(SynchronizationContext.Current, Is.SameAs(role));
            outcomes.Add(outcome);
            completed?.Invoke(outcome);
            return ValueTask.CompletedTask;
        });
    }
}
