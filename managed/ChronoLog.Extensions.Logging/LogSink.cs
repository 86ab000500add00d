using ChronoLog.Core.Protocol;

namespace ChronoLog.Extensions.Logging;

/// <summary>
/// Takes records for a story. With a connection they go to its ring on the caller's thread; without one they wait in a
/// queue, bounded in bytes, while a task tries to connect. Never throws at those who record.
/// </summary>
/// <param name="options">Checked.</param>
/// <param name="open">Connects and acquires the story.</param>
internal sealed class LogSink(ChronoLoggerOptions options, Func<CancellationToken, Task<ILogStory>> open) : IAsyncDisposable
{
    private readonly object gate = new();
    private readonly Queue<byte[]> waiting = [];
    private readonly CancellationTokenSource closing = new();
    private volatile ILogStory? story;
    private ILogStory? lost;
    private Task connecting = Task.CompletedTask;
    private long waitingBytes;
    private long recorded;
    private long dropped;
    private long reported;
    private bool closed;

    /// <summary>Records that are in the story's ring.</summary>
    public long Recorded => Volatile.Read(ref recorded);

    /// <summary>Records that nobody will ever see.</summary>
    public long Dropped => Volatile.Read(ref dropped);

    /// <summary>Why the deployment is not reached; null: it is, or nobody has tried yet.</summary>
    public string? Trouble { get; private set; }

    public void Start()
    {
        lock (gate)
        {
            connecting = Task.Run(ConnectAsync);
        }
    }

    public void Record(ReadOnlySpan<byte> record)
    {
        ILogStory? current = story;
        if (current is null ? !Enqueue(record) : !Append(current, record))
        {
            Drop();
        }
    }

    /// <summary>For a record that could not even be written.</summary>
    public void Drop() => Interlocked.Increment(ref dropped);

    public async ValueTask DisposeAsync()
    {
        Task last;
        lock (gate)
        {
            if (closed)
            {
                return;
            }

            closed = true;
            last = connecting;
            Monitor.PulseAll(gate);
        }

        // What is queued has its chance to go first.
        closing.CancelAfter(last.IsCompleted || QueueLength > 0 ? options.CloseTimeout : TimeSpan.Zero);
        await last.ConfigureAwait(false);
        ILogStory? current = story;
        story = null;
        if (current is not null)
        {
            await CloseAsync(current).ConfigureAwait(false);
        }

        if (Interlocked.Exchange(ref lost, null) is { } before)
        {
            await before.DisposeAsync().ConfigureAwait(false);
        }

        lock (gate)
        {
            Interlocked.Add(ref dropped, waiting.Count);
            waiting.Clear();
        }

        closing.Dispose();
    }

    private int QueueLength
    {
        get
        {
            lock (gate)
            {
                return waiting.Count;
            }
        }
    }

    // False: it is dropped.
    private bool Append(ILogStory current, ReadOnlySpan<byte> record)
    {
        try
        {
            current.Record(record);
            Interlocked.Increment(ref recorded);
            if (Volatile.Read(ref dropped) != Volatile.Read(ref reported))
            {
                ReportDropped(current);
            }

            return true;
        }
        catch (ChronoLogException exception)
        {
            return IsLost(exception) && Lose(current) && Enqueue(record);
        }
    }

    private bool Enqueue(ReadOnlySpan<byte> record)
    {
        long deadline = Environment.TickCount64 + (long)options.BlockTimeout.TotalMilliseconds;
        ILogStory? current;
        lock (gate)
        {
            while (!closed && story is null && waitingBytes + record.Length > options.QueueBytesMax)
            {
                long rest = deadline - Environment.TickCount64;
                if (options.WhenFull == WhenFull.Drop || rest <= 0 || !Monitor.Wait(gate, (int)Math.Min(rest, int.MaxValue)))
                {
                    return false;
                }
            }

            if (closed)
            {
                return false;
            }

            current = story;
            if (current is null)
            {
                waiting.Enqueue(record.ToArray());
                waitingBytes += record.Length;
                return true;
            }
        }

        return Append(current, record);
    }

    private async Task ConnectAsync()
    {
        while (!closing.IsCancellationRequested)
        {
            try
            {
                if (Interlocked.Exchange(ref lost, null) is { } before)
                {
                    await before.DisposeAsync().ConfigureAwait(false);
                }

                if (TryAttach(await open(closing.Token).ConfigureAwait(false)))
                {
                    Trouble = null;
                    return;
                }
            }
            catch (Exception exception)
            {
                Trouble = exception.Message; // a log has no caller to tell: whoever wonders may ask
            }

            await Task.Delay(options.RetryPeriod, closing.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // What waited goes first, so that the story has the order of the application. False: the connection is lost already.
    private bool TryAttach(ILogStory opened)
    {
        lock (gate)
        {
            while (waiting.TryPeek(out byte[]? record))
            {
                try
                {
                    opened.Record(record);
                    Interlocked.Increment(ref recorded);
                }
                catch (ChronoLogException exception) when (!IsLost(exception))
                {
                    Drop();
                }
                catch (ChronoLogException)
                {
                    lost = opened;
                    return false;
                }

                waiting.Dequeue();
                waitingBytes -= record.Length;
            }

            story = opened;
            Monitor.PulseAll(gate);
            return true;
        }
    }

    // Such a client will never record again.
    private static bool IsLost(ChronoLogException exception) =>
        exception.Status is Status.NotAcquired or Status.Fenced or Status.NoConnection;

    // False: nobody will connect again.
    private bool Lose(ILogStory current)
    {
        lock (gate)
        {
            if (!closed && ReferenceEquals(story, current))
            {
                (story, lost) = (null, current);
                connecting = Task.Run(ConnectAsync);
            }

            return !closed;
        }
    }

    private void ReportDropped(ILogStory current)
    {
        long now = Volatile.Read(ref dropped);
        long before = Interlocked.Exchange(ref reported, now);
        if (now > before)
        {
            using LogRecordWriter writer = LogRecordWriter.Take(options.RecordBytesMax);
            try
            {
                current.Record(writer.WriteDropped(now - before));
            }
            catch (ChronoLogException)
            {
                Interlocked.Add(ref reported, before - now); // with the next one
            }
        }
    }

    private async Task CloseAsync(ILogStory current)
    {
        try
        {
            await current.ReleaseAsync(closing.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is ChronoLogException or OperationCanceledException)
        {
            // It is in the ring, and a Keeper will take it when it is back.
        }

        await current.DisposeAsync().ConfigureAwait(false);
    }
}
