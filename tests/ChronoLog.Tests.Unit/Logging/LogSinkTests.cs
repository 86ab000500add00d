using ChronoLog.Core.Protocol;
using ChronoLog.Extensions.Logging;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Tests.Unit.Logging;

/// <summary>A deployment that is not there yet, is full, or goes away: bounded, counted, and never thrown at the application.</summary>
public sealed class LogSinkTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly ChronoLoggerOptions options = new()
    {
        RetryPeriod = TimeSpan.FromMilliseconds(1), QueueBytesMax = 64 << 10, CloseTimeout = TimeSpan.FromSeconds(30),
    };

    [Test]
    public async Task WhatWasLoggedBeforeTheConnectionComesFirst()
    {
        var story = new PlayedStory();
        var connected = new TaskCompletionSource<ILogStory>();
        await using (var provider = new ChronoLoggerProvider(options, _ => connected.Task))
        {
            ILogger logger = provider.CreateLogger("c");
            logger.LogInformation("first");
            connected.SetResult(story);
            await UntilAsync(() => provider.Recorded == 1);
            logger.LogInformation("second");
        }

        Assert.That(story.Records.Select(MessageOf), Is.EqualTo(new[] { "first", "second" }));
        Assert.That(story.IsReleased && story.IsDisposed, Is.True);
    }

    [Test]
    public async Task AConnectionThatFailsIsTriedAgain()
    {
        var story = new PlayedStory();
        int tries = 0;
        await using var provider = new ChronoLoggerProvider(
            options,
            _ => Interlocked.Increment(ref tries) < 4
                ? throw new ChronoLogException(Status.NoConnection, "nobody")
                : Task.FromResult<ILogStory>(story));
        provider.CreateLogger("c").LogInformation("kept");
        await UntilAsync(() => !story.Records.IsEmpty);
        Assert.That((tries, provider.Trouble), Is.EqualTo((4, (string?)null)));
    }

    [Test]
    public async Task AFullQueueDropsCountsAndReports()
    {
        var story = new PlayedStory();
        var connected = new TaskCompletionSource<ILogStory>();
        await using var provider = new ChronoLoggerProvider(options, _ => connected.Task);
        ILogger logger = provider.CreateLogger("c");
        const int Logged = 2000;
        for (int i = 0; i < Logged; i++)
        {
            logger.LogInformation("number {Number}", i);
        }

        long dropped = provider.Dropped;
        Assert.That(dropped, Is.InRange(1, Logged - 100));
        connected.SetResult(story);
        await UntilAsync(() => provider.Recorded == Logged - dropped);
        logger.LogInformation("after");
        Assert.That(story.Records, Has.Count.EqualTo(Logged - dropped + 2));
        Assert.That(story.Records.Last(), Does.Contain($"\"dropped\":{dropped}"));
    }

    [Test]
    public async Task BlockingWaitsForRoom()
    {
        options.WhenFull = WhenFull.Block;
        options.BlockTimeout = Deadline;
        var story = new PlayedStory();
        var connected = new TaskCompletionSource<ILogStory>();
        await using var provider = new ChronoLoggerProvider(options, _ => connected.Task);
        ILogger logger = provider.CreateLogger("c");
        Task logging = Task.Factory.StartNew(
            () => Enumerable.Range(0, 2000).ToList().ForEach(i => logger.LogInformation("number {Number}", i)),
            TaskCreationOptions.LongRunning);
        Assert.That(await Task.WhenAny(logging, Task.Delay(200)), Is.Not.EqualTo(logging), "it must wait");
        connected.SetResult(story);
        await logging.WaitAsync(Deadline);
        await UntilAsync(() => story.Records.Count == 2000);
        Assert.That(provider.Dropped, Is.Zero);
    }

    [Test]
    public async Task BlockingEndsWithItsTime()
    {
        options.WhenFull = WhenFull.Block;
        options.BlockTimeout = TimeSpan.FromMilliseconds(1);
        options.CloseTimeout = TimeSpan.Zero;
        await using var provider = new ChronoLoggerProvider(options, NeverAsync);
        ILogger logger = provider.CreateLogger("c");
        for (int i = 0; provider.Dropped == 0; i++)
        {
            logger.LogInformation("number {Number}", i);
        }
    }

    [Test]
    public async Task ALostClientIsReplacedAndNothingIsLost()
    {
        var first = new PlayedStory();
        var second = new PlayedStory();
        int opened = 0;
        await using var provider = new ChronoLoggerProvider(
            options, _ => Task.FromResult<ILogStory>(Interlocked.Increment(ref opened) == 1 ? first : second));
        ILogger logger = provider.CreateLogger("c");
        logger.LogInformation("one");
        await UntilAsync(() => provider.Recorded == 1);
        first.Refusal = Status.Fenced;
        logger.LogInformation("two");
        await UntilAsync(() => provider.Recorded == 2);
        Assert.That(second.Records.Select(MessageOf), Is.EqualTo(new[] { "two" }));
        Assert.That((first.IsDisposed, provider.Dropped), Is.EqualTo((true, 0L)));
    }

    [Test]
    public async Task AFullRingDropsAndIsToldOfLater()
    {
        var story = new PlayedStory();
        await using var provider = new ChronoLoggerProvider(options, _ => Task.FromResult<ILogStory>(story));
        ILogger logger = provider.CreateLogger("c");
        logger.LogInformation("one");
        await UntilAsync(() => provider.Recorded == 1);
        story.Refusal = Status.TimedOut;
        logger.LogInformation("two");
        story.Refusal = null;
        logger.LogInformation("three");
        Assert.That(story.Records.Select(MessageOf).Take(2), Is.EqualTo(new[] { "one", "three" }));
        Assert.That(story.Records.Last(), Does.Contain("\"dropped\":1"));
    }

    [Test]
    public async Task AFormatterThatThrowsIsNoFailureOfTheApplication()
    {
        var story = new PlayedStory();
        await using var provider = new ChronoLoggerProvider(options, _ => Task.FromResult<ILogStory>(story));
        provider.CreateLogger("c").Log<int>(LogLevel.Error, default, 1, null, (_, _) => throw new InvalidOperationException("mine"));
        Assert.That(provider.Dropped, Is.EqualTo(1));
    }

    [Test]
    public async Task DisposingWithoutADeploymentEndsInTime()
    {
        options.CloseTimeout = TimeSpan.FromMilliseconds(50);
        var provider = new ChronoLoggerProvider(options, NeverAsync);
        provider.CreateLogger("c").LogInformation("lost");
        await provider.DisposeAsync().AsTask().WaitAsync(Deadline);
        provider.CreateLogger("c").LogInformation("too late");
        Assert.That((provider.Recorded, provider.Dropped), Is.EqualTo((0L, 2L)));
    }

    private static async Task<ILogStory> NeverAsync(CancellationToken cancellation)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
        throw new InvalidOperationException("unreachable");
    }

    private static string? MessageOf(string record)
    {
        using var document = System.Text.Json.JsonDocument.Parse(record);
        return document.RootElement.GetProperty("message").GetString();
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!condition())
        {
            await Task.Delay(1, deadline.Token);
        }
    }
}
