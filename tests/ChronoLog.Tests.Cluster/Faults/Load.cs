using System.Diagnostics;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>
/// Records numbered events into a story at a rate, flushes often, and keeps account of what it was promised. A thread
/// of its own in the test's process.
/// </summary>
internal sealed class Load : IAsyncDisposable
{
    private static readonly TimeSpan LastFlushTimeout = TimeSpan.FromSeconds(60);

    // What one flush did not live to see, the next one does.
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(1);

    private readonly StoryHandle story;
    private readonly DurabilityLevel level;
    private readonly byte[] record;
    private readonly CancellationTokenSource stop = new();
    private readonly List<EventSequence?> events = []; // by number; null: refused
    private readonly Lock gate = new();
    private readonly Task recording;
    private int acknowledged;
    private int refused;

    public Load(StoryHandle story, DurabilityLevel level, int recordBytes = 200, double perSecond = 2000)
    {
        this.story = story;
        this.level = level;
        PerSecond = perSecond;
        record = new byte[recordBytes];
        recording = Task.Factory.StartNew(
            RecordAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Events that are recorded per second, if they can be.</summary>
    public double PerSecond { get; set; }

    /// <summary>Events below this number have reached the level, except the refused ones.</summary>
    public int Acknowledged => Volatile.Read(ref acknowledged);

    /// <summary>Events below this number were recorded or refused.</summary>
    public int Recorded
    {
        get
        {
            lock (gate)
            {
                return events.Count;
            }
        }
    }

    /// <summary>Events whose recording failed.</summary>
    public int Refused => Volatile.Read(ref refused);

    /// <summary>What the last refusal said.</summary>
    public string? Refusal { get; private set; }

    /// <summary>What the last failed flush said.</summary>
    public string? FlushFailure { get; private set; }

    public string Chronicle => story.Chronicle;

    public string Story => story.Story;

    /// <summary>How the event of a number is known; null when it was refused or is not recorded.</summary>
    public EventSequence? this[int number]
    {
        get
        {
            lock (gate)
            {
                return number < events.Count ? events[number] : null;
            }
        }
    }

    /// <summary>Waits until so many more events than now have reached the level.</summary>
    public Task AdvanceAsync(int more, string when)
    {
        int target = Acknowledged + more;
        return Waiting.UntilAsync(
            () => Task.FromResult(Acknowledged >= target || recording.IsFaulted),
            () => $"event {target} to be acknowledged {when}; {Acknowledged} of {Recorded} are; refused {Refused}: "
                + $"{Refusal}; flush: {FlushFailure}");
    }

    /// <summary>Ends the recording; all that was recorded has reached the level then.</summary>
    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await recording;
        await story.FlushAsync(level, LastFlushTimeout);
        Volatile.Write(ref acknowledged, Recorded);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        try
        {
            await recording;
        }
        catch (ChronoLogException)
        {
            // The test has failed already, or asks for it by StopAsync.
        }

        stop.Dispose();
    }

    private async Task RecordAsync()
    {
        long begin = Stopwatch.GetTimestamp();
        double due = 0;
        while (!stop.IsCancellationRequested)
        {
            double elapsed = Stopwatch.GetElapsedTime(begin).TotalSeconds;
            begin = Stopwatch.GetTimestamp();
            // What could not be recorded in time is not made up for: a rate, not a backlog.
            due = Math.Min(due + (elapsed * PerSecond), PerSecond / 10);
            for (; due >= 1 && !stop.IsCancellationRequested; due--)
            {
                Log();
            }

            await FlushAsync();
            stop.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(2)); // the pace
        }
    }

    private void Log()
    {
        NumberedRecord.Write(record, events.Count);
        EventSequence? sequence = null;
        try
        {
            ulong tick = story.LogEvent(record, out uint index);
            sequence = new EventSequence(tick, story.ClientId, index);
        }
        catch (ChronoLogException exception)
        {
            Refusal = exception.Message;
            Interlocked.Increment(ref refused);
        }

        lock (gate)
        {
            events.Add(sequence);
        }
    }

    private async Task FlushAsync()
    {
        int through = Recorded;
        try
        {
            await story.FlushAsync(level, FlushTimeout, stop.Token);
            Volatile.Write(ref acknowledged, through);
        }
        catch (OperationCanceledException)
        {
        }
        catch (ChronoLogException exception)
        {
            FlushFailure = exception.Message; // the next one covers these events too
        }
    }
}
