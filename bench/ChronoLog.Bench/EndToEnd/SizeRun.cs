using System.Diagnostics;
using ChronoLog.Client;

namespace ChronoLog.Bench.EndToEnd;

/// <summary>
/// All phases for one size, on a deployment of its own. One story goes the whole way: ingestion, hot replay, drain,
/// archive, cold replay. Two shorter ones measure other ways of recording.
/// </summary>
internal sealed class SizeRun(BenchOptions options, int size, RawLimits limits, Action<string> progress)
{
    private const string Journaled = "journaled";
    private const string Synced = "synced";
    private const string Main = "main";
    private const int WarmUpEvents = 100_000;
    private const int VariantShare = 4;
    private static readonly TimeSpan ArchiveBeginDeadline = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromMinutes(1);

    private readonly long events = options.EventsOf(size);
    private readonly List<PhaseResult> results = [];
    private LogFloor floor;
    private ChronoClient client = null!;
    private DeploymentStatus status = null!;
    private ProcessIds processes;

    /// <summary>Measures. The limits are taken right before.</summary>
    /// <exception cref="BenchException">Events were lost, or came back in another order.</exception>
    public async Task<SizeResult> RunAsync()
    {
        progress($"{size} B: raw limits with {events} events");
        floor = await RawLimits.MeasureLogAsync(size, events, options.Directory);
        progress($"{size} B: starting a deployment");
        await using PrivateDeployment deployment = await PrivateDeployment.StartAsync(options);
        await using (client = await deployment.ConnectAsync())
        {
            status = new DeploymentStatus(client);
            processes = await status.ProcessIdsAsync();
            await client.CreateChronicleAsync(Journaled, Durability(Journaled));
            await client.CreateChronicleAsync(Synced, Durability(Synced));
            await WarmUpAsync();
            await MeasureWholeWayAsync(deployment);
            await MeasureVariantAsync(
                Journaled, "LogBatch of 64, journaled", Recorder.LogInBatches, DurabilityLevel.Journaled);
            await MeasureVariantAsync(Synced, "LogEvent, synced", Recorder.LogOneByOne, DurabilityLevel.Synced);
            await MeasureRemoteAsync(deployment);
            progress($"{size} B: stopping the deployment");
        }

        return new SizeResult(size, floor, results);
    }

    private async Task MeasureVariantAsync(
        string chronicle, string variant, Action<StoryHandle, int, long> record, DurabilityLevel level)
    {
        const string Story = "variant";
        StoryHandle handle = await client.AcquireStoryAsync(chronicle, Story);
        await MeasureIngestAsync(handle, variant, events / VariantShare, record, level);
        await client.ReleaseStoryAsync(chronicle, Story);
    }

    // As the first phase, into a mirrored ring.
    private async Task MeasureRemoteAsync(PrivateDeployment deployment)
    {
        const string Story = "remote";
        await using ChronoClient remote = await deployment.ConnectAsync(sharesMemory: false);
        StoryHandle handle = await remote.AcquireStoryAsync(Journaled, Story);
        Recorder.LogOneByOne(handle, size, WarmUpEvents);
        await handle.FlushAsync(DurabilityLevel.Journaled, FlushTimeout);
        await MeasureIngestAsync(
            handle, "LogEvent, remote", events / VariantShare, Recorder.LogOneByOne, DurabilityLevel.Journaled);
        await remote.ReleaseStoryAsync(Journaled, Story);
    }

    private async Task MeasureWholeWayAsync(PrivateDeployment deployment)
    {
        await WaitForChunkStartAsync();
        StoryHandle main = await client.AcquireStoryAsync(Journaled, Main);
        await MeasureIngestAsync(
            main, "LogEvent, journaled", events, Recorder.LogOneByOne, DurabilityLevel.Journaled);
        long collected = await status.CollectedAsync();
        await MeasureReplayAsync("hot");
        if (await status.CollectedAsync() != collected)
        {
            throw new BenchException(
                $"the Keeper's window of {options.WindowSeconds} s passed before the hot replay had ended: "
                + "give a longer --window");
        }

        await using var archive = new ArchiveWatch(deployment.StoryDirectory(Journaled, Main));
        progress($"{size} B: drain");
        var limit = new PhaseLimit("tcp stream", limits.StreamBytesPerSecond / size);
        await MeasureAsync("drain", "rma", events, limit, async () =>
        {
            await client.ReleaseStoryAsync(Journaled, Main);
            await status.WaitUntilCollectedAsync(collected + events);
        });
        progress($"{size} B: archive");
        await MeasureArchiveAsync(archive);
        await MeasureReplayAsync("cold");
    }

    private async Task MeasureIngestAsync(
        StoryHandle handle, string variant, long count, Action<StoryHandle, int, long> record, DurabilityLevel level)
    {
        progress($"{size} B: ingest, {variant}");
        var limit = new PhaseLimit("floor append", floor.AppendEventsPerSecond);
        await MeasureAsync("ingest", variant, count, limit, async () =>
        {
            record(handle, size, count);
            await handle.FlushAsync(level, FlushTimeout);
        });
    }

    private Task MeasureReplayAsync(string variant)
    {
        progress($"{size} B: {variant} replay");
        return MeasureAsync(
            "replay", variant, events, new PhaseLimit("floor range", floor.RangeEventsPerSecond),
            () => ReplayCheck.RunAsync(client, Journaled, Main, size, events));
    }

    private async Task MeasureArchiveAsync(ArchiveWatch archive)
    {
        await Task.WhenAny(archive.Begun, Task.Delay(ArchiveBeginDeadline));
        var limit = new PhaseLimit("file write, fsync", limits.WriteBytesPerSecond / size);
        await MeasureAsync("archive", "hdf5", events, limit, async () =>
        {
            await status.WaitUntilColdAsync(Main, events);
            await archive.FinishAsync();
        });
        if (archive.WritingTime <= TimeSpan.Zero)
        {
            throw new BenchException("no StoryFile was seen to be written");
        }

        results[^1] = results[^1] with { Variant = $"hdf5, {archive.Files} files", Elapsed = archive.WritingTime };
    }

    private async Task MeasureAsync(string phase, string variant, long count, PhaseLimit limit, Func<Task> action)
    {
        CollectionCounts collections = await status.CollectionsAsync();
        ProcessorTime before = ProcessorTime.Read(processes);
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        long started = Stopwatch.GetTimestamp();
        await action();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        ProcessorTime used = ProcessorTime.Read(processes) - before;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        results.Add(new PhaseResult(
            size, phase, variant, count, elapsed, used, limit, await status.CollectionsAsync() - collections,
            (double)allocated / count));
    }

    // Compiles this process's code, opens connections, touches the ring.
    private async Task WarmUpAsync()
    {
        const string WarmUp = "warm-up";
        StoryHandle handle = await client.AcquireStoryAsync(Journaled, WarmUp);
        Recorder.LogOneByOne(handle, size, WarmUpEvents);
        await handle.FlushAsync(DurabilityLevel.Journaled, FlushTimeout);
        await ReplayCheck.RunAsync(client, Journaled, WarmUp, size, WarmUpEvents);
        await client.ReleaseStoryAsync(Journaled, WarmUp);
        await status.WaitUntilCollectedAsync(WarmUpEvents);
    }

    // The whole way begins with a Grapher's chunk, so that as few StoryFiles as possible are written, after the drain.
    private async Task WaitForChunkStartAsync()
    {
        ulong chunk = (ulong)options.WindowSeconds * 1_000_000_000;
        ulong rest = chunk - (client.Clock.Now % chunk);
        await Task.Delay(TimeSpan.FromTicks((long)(rest / 100)) + TimeSpan.FromMilliseconds(10));
    }

    private static Dictionary<string, string> Durability(string level) =>
        new() { [ChronicleAttributes.DurabilityKey] = level };
}
