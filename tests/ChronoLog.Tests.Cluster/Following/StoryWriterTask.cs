using System.Collections.Concurrent;
using System.Diagnostics;
using ChronoLog.Client;
using ChronoLog.Core.Model;

namespace ChronoLog.Tests.Cluster.Following;

/// <summary>Records into a story on a thread of its own until it is stopped, and keeps what it recorded.</summary>
internal sealed class StoryWriterTask : IAsyncDisposable
{
    private readonly Thread thread;
    private volatile bool isStopping;
    private Exception? failure;

    /// <param name="story">Recorded into.</param>
    /// <param name="perSecond">Events; 0 = as many as can be.</param>
    /// <param name="most">Events after which it ends by itself.</param>
    public StoryWriterTask(StoryHandle story, double perSecond, int most = int.MaxValue)
    {
        thread = new Thread(() => Record(story, perSecond, most)) { IsBackground = true };
        thread.Start();
    }

    /// <summary>By tick, which is unique in one client: when it was recorded.</summary>
    public ConcurrentDictionary<ulong, long> Recorded { get; } = new();

    public ConcurrentQueue<EventSequence> Sequences { get; } = new();

    public bool IsEnded => !thread.IsAlive;

    public ValueTask DisposeAsync()
    {
        isStopping = true;
        thread.Join();
        Assert.That(failure, Is.Null);
        return default;
    }

    private void Record(StoryHandle story, double perSecond, int most)
    {
        byte[] record = new byte[100];
        long begin = Stopwatch.GetTimestamp();
        try
        {
            for (int i = 0; i < most && !isStopping; i++)
            {
                while (perSecond > 0 && Stopwatch.GetElapsedTime(begin).TotalSeconds * perSecond < i && !isStopping)
                {
                    Thread.Sleep(TimeSpan.FromMicroseconds(Math.Min(1e6 / perSecond, 1000)));
                }

                long at = Stopwatch.GetTimestamp();
                ulong tick = story.LogEvent(record);
                Recorded[tick] = at;
                Sequences.Enqueue(new EventSequence(tick, story.ClientId, (uint)i));
            }
        }
        catch (Exception exception)
        {
            failure = exception;
        }
    }
}
