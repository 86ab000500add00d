using ChronoLog.Client;
using ChronoLog.Core.Ports;

namespace ChronoLog.Bench.EndToEnd;

/// <summary>What the processes of a deployment say about themselves in their heartbeats.</summary>
internal sealed class DeploymentStatus(ChronoClient client)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    public async Task<ProcessIds> ProcessIdsAsync()
    {
        StatusReply status = await client.StatusAsync();
        int Pid(Role role) => (int)status.Processes.Single(process => process.Identity.Role == role).Identity.Pid;
        return new ProcessIds(Pid(Role.Keeper), Pid(Role.Grapher), Pid(Role.Player));
    }

    public async Task<CollectionCounts> CollectionsAsync()
    {
        StatusReply status = await client.StatusAsync();
        return new CollectionCounts(
            GC.CollectionCount(0),
            (long)Statistic(status, Role.Keeper, "gc_collections"),
            (long)Statistic(status, Role.Grapher, "gc_collections"),
            (long)Statistic(status, Role.Player, "gc_collections"));
    }

    /// <summary>Events that the Grapher has pulled and put into its pipelines.</summary>
    public async Task<long> CollectedAsync() =>
        (long)Statistic(await client.StatusAsync(), Role.Grapher, "collected_events");

    public Task WaitUntilCollectedAsync(long events) => WaitAsync(
        status => Statistic(status, Role.Grapher, "collected_events") >= events, $"{events} events at the Grapher");

    /// <summary>Until all of a story is in StoryFiles, and the Keeper has let go of it.</summary>
    public Task WaitUntilColdAsync(string story, long events) => WaitAsync(
        status => status.Stories.Any(
            each => each.Story == story && each.Hot == 0 && each.Warm == 0 && each.Cold >= (ulong)events)
            && Statistic(status, Role.Keeper, "chunks_not_archived") == 0,
        $"{events} events of {story} in StoryFiles");

    private static double Statistic(StatusReply status, Role role, string name) =>
        status.Processes.Single(process => process.Identity.Role == role)
            .Statistics.TryGetValue(name, out double value) ? value : 0;

    private async Task WaitAsync(Func<StatusReply, bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        StatusReply status = await client.StatusAsync();
        while (!condition(status))
        {
            if (deadline.IsCancellationRequested)
            {
                throw new BenchException($"waited {Deadline.TotalSeconds} s for {what}; last status: {status}");
            }

            await Task.Delay(Pause);
            status = await client.StatusAsync();
        }
    }
}
