using System.Collections.Concurrent;
using System.Diagnostics;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Cluster.Following;

/// <summary>Follows a story on a task of its own and keeps what it is shown, with the time of each event's arrival.</summary>
internal sealed class Follower : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Task following;
    private int count;

    public Follower(ChronoClient client, string chronicle, string story, ulong from, PlaybackMode mode)
    {
        Mode = mode;
        following = Task.Run(async () =>
        {
            await foreach (PlaybackPage page in client.PlaybackAsync(chronicle, story, from, mode, stop.Token))
            {
                Take(page);
            }
        });
    }

    public PlaybackMode Mode { get; }

    /// <summary>Events shown so far.</summary>
    public int Count => Volatile.Read(ref count);

    public ConcurrentQueue<(EventSequence Sequence, bool IsInOrder, long At)> Shown { get; } = new();

    /// <summary>The reason of each statement that something may be missing; "" = nothing any more.</summary>
    public ConcurrentQueue<string> Gaps { get; } = new();

    /// <summary>Completes when it is over: with the failure that ended it.</summary>
    public Task Ended => following;

    /// <summary>What it was shown is exactly this, each once; in order where it says so, and wholly if it shall.</summary>
    public void AssertShown(IReadOnlyCollection<EventSequence> expected, bool isWhollyInOrder)
    {
        List<EventSequence> sequences = [.. Shown.Select(each => each.Sequence)];
        Assert.That(sequences, Is.Unique, "shown once");
        Assert.That(sequences.Order(), Is.EqualTo(expected.Order()), $"all that was recorded ({Mode})");
        EventSequence last = default;
        foreach ((EventSequence sequence, bool isInOrder, _) in Shown)
        {
            Assert.That(isInOrder || !isWhollyInOrder, $"{sequence} came late");
            if (isInOrder)
            {
                Assert.That(sequence, Is.GreaterThan(last));
                last = sequence;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        try
        {
            await following;
        }
        catch (Exception exception) when (exception is OperationCanceledException or ChronoLogException)
        {
            // What ended it is the test's to look at.
        }

        stop.Dispose();
    }

    private void Take(PlaybackPage page)
    {
        long now = Stopwatch.GetTimestamp();
        if (page.Page is null)
        {
            Gaps.Enqueue(string.Join("; ", page.Gaps.Select(gap => gap.Reason)));
        }

        foreach (EventEntry entry in page.Events)
        {
            Shown.Enqueue((entry.Sequence, page.IsInOrder, now));
        }

        Volatile.Write(ref count, count + page.Count);
    }
}
