using System.Diagnostics;
using System.Globalization;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.App.Torture;

/// <summary>
/// One writer process: records numbered events at a rate, flushes often, and says on standard output what it may rely on.
/// </summary>
/// <remarks>
/// A line each: <c>A NUMBER MICROSECONDS</c>: every event below the number has reached the level; the longest LogEvent
/// since the line before. <c>F NUMBER</c>: recording this event failed, so it must never appear. <c>U NUMBER</c>: nobody knows.
/// <c>R NUMBER</c>: at the end, events below it were recorded, acknowledged or not.
/// </remarks>
internal sealed class TortureWriter(
    string endpoint, int number, int incarnation, DurabilityLevel level, double rate, int recordBytes)
{
    private static readonly TimeSpan ConnectDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FlushPeriod = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(15);

    private readonly byte[] record = new byte[Math.Max(recordBytes, TortureRecord.LengthMin)];
    private readonly StreamWriter output = new(Console.OpenStandardOutput()) { AutoFlush = true };
    private long next;
    private TimeSpan slowest;

    public async Task<int> RunAsync(CancellationToken stop)
    {
        await using ChronoClient client = await ConnectAsync(stop);
        StoryHandle story = await AcquireAsync(client, stop);
        try
        {
            await RecordAsync(story, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }

        bool acknowledged = await TryFlushAsync(story);
        Say("R", next);
        return acknowledged ? ExitCode.Done : ExitCode.Failed;
    }

    private async Task RecordAsync(StoryHandle story, CancellationToken stop)
    {
        long started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(FlushPeriod);
        while (await timer.WaitForNextTickAsync(stop))
        {
            long due = (long)(Stopwatch.GetElapsedTime(started).TotalSeconds * rate);
            while (next < due)
            {
                Log(story);
            }

            await TryFlushAsync(story);
        }
    }

    // A failed event is never tried again under its number: whether it stays away is what is to be seen.
    private void Log(StoryHandle story)
    {
        long begin = Stopwatch.GetTimestamp();
        new TortureRecord(number, incarnation, next).Write(record);
        try
        {
            story.LogEvent(record);
        }
        catch (ChronoLogException exception)
        {
            Say(exception.Status == Status.Unknown ? "U" : "F", next);
            Console.Error.WriteLine($"writer {number}: event {next} was refused: {exception.Status}: {exception.Message}");
        }

        next++;
        TimeSpan took = Stopwatch.GetElapsedTime(begin);
        slowest = took > slowest ? took : slowest;
    }

    private async Task<bool> TryFlushAsync(StoryHandle story)
    {
        long through = next;
        try
        {
            await story.FlushAsync(level, FlushTimeout);
        }
        catch (ChronoLogException exception)
        {
            Console.Error.WriteLine($"writer {number}: flush: {exception.Status}: {exception.Message}");
            return false;
        }

        Say("A", through, (long)slowest.TotalMicroseconds);
        slowest = TimeSpan.Zero;
        return true;
    }

    // Whatever is being killed just now: the Visor comes back.
    private async Task<ChronoClient> ConnectAsync(CancellationToken stop)
    {
        var options = new ClientOptions
        {
            Endpoint = endpoint,
            Program = string.Create(CultureInfo.InvariantCulture, $"torture writer {number}"),
            CallDeadline = TimeSpan.FromSeconds(2),
            FullTimeout = TimeSpan.FromSeconds(10),
        };
        return await RetryAsync(() => ChronoClient.ConnectAsync(options, cancellation: stop), stop);
    }

    private static Task<StoryHandle> AcquireAsync(ChronoClient client, CancellationToken stop) => RetryAsync(
        () => client.AcquireStoryAsync(
            TortureOptions.Chronicle, TortureOptions.Story, createChronicle: true, cancellation: stop),
        stop);

    private static async Task<T> RetryAsync<T>(Func<Task<T>> attempt, CancellationToken stop)
    {
        long begin = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (ChronoLogException) when (Stopwatch.GetElapsedTime(begin) < ConnectDeadline)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), stop);
            }
        }
    }

    private void Say(string what, params ReadOnlySpan<long> numbers)
    {
        foreach (long each in numbers)
        {
            what += string.Create(CultureInfo.InvariantCulture, $" {each}");
        }

        output.WriteLine(what);
    }
}
