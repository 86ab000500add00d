using System.Diagnostics;

namespace ChronoLog.Bench.EndToEnd;

/// <summary>
/// Looks at a story's directory in the archive to see how long StoryFiles take: from a file's birth under its temporary
/// name to its appearance, synced, under its real one. More exact than heartbeats, and it leaves the waiting for the
/// chunk's end out.
/// </summary>
internal sealed class ArchiveWatch : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    private readonly string directory;
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(DateTime Birth, DateTime Appearance)> files = [];
    private readonly HashSet<string> seen = [];
    private readonly Task loop;

    public ArchiveWatch(string directory)
    {
        this.directory = directory;
        loop = Task.Run(WatchAsync);
    }

    /// <summary>Completes when the first file begins to be written.</summary>
    public Task Begun => begun.Task;

    /// <summary>Time during which at least one file was being written. After the end only.</summary>
    public TimeSpan WritingTime
    {
        get
        {
            TimeSpan sum = TimeSpan.Zero;
            DateTime end = DateTime.MinValue;
            foreach ((DateTime birth, DateTime appearance) in files.Order())
            {
                DateTime begin = birth > end ? birth : end;
                sum += appearance > begin ? appearance - begin : TimeSpan.Zero;
                end = appearance > end ? appearance : end;
            }

            return sum;
        }
    }

    public int Files => files.Count;

    public long Bytes { get; private set; }

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

        DateTime now = DateTime.UtcNow;
        foreach (FileInfo file in new DirectoryInfo(directory).EnumerateFiles())
        {
            begun.TrySetResult();
            if (file.Name.EndsWith(".h5", StringComparison.Ordinal) && seen.Add(file.Name))
            {
                files.Add((file.CreationTimeUtc, now));
                Bytes += file.Length;
            }
        }
    }
}
