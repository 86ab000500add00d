using System.Diagnostics;

namespace ChronoLog.Bench.EndToEnd;

/// <summary>
/// Looks at a story's directory in the archive every millisecond to see how long StoryFiles take: from the sight of a
/// temporary name to that of the real one, which a file gets when it is synced. More exact than heartbeats, and the
/// waiting for a chunk's end is not in it.
/// </summary>
internal sealed class ArchiveWatch : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    private readonly string directory;
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task loop;
    private long busySince;

    public ArchiveWatch(string directory)
    {
        this.directory = directory;
        loop = Task.Run(WatchAsync);
    }

    /// <summary>Completes when the first file begins to be written.</summary>
    public Task Begun => begun.Task;

    /// <summary>Time during which a file was being written. After the end only.</summary>
    public TimeSpan WritingTime { get; private set; }

    /// <summary>StoryFiles seen. After the end only.</summary>
    public int Files { get; private set; }

    /// <summary>Ends watching, after a last look.</summary>
    public async Task FinishAsync()
    {
        await stop.CancelAsync();
        await loop;
    }

    public async ValueTask DisposeAsync()
    {
        await FinishAsync();
        stop.Dispose();
    }

    private async Task WatchAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            Look();
            await Task.Delay(Pause);
        }

        Look();
    }

    private void Look()
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        string[] names = Directory.GetFiles(directory);
        int files = names.Count(name => name.EndsWith(".h5", StringComparison.Ordinal));
        bool isBusy = names.Length > files;
        long now = Stopwatch.GetTimestamp();
        if (busySince == 0 && (isBusy || files > Files))
        {
            busySince = now;
            begun.TrySetResult();
        }

        if (busySince != 0 && !isBusy)
        {
            WritingTime += Stopwatch.GetElapsedTime(busySince, now);
            busySince = 0;
        }

        Files = files;
    }
}
