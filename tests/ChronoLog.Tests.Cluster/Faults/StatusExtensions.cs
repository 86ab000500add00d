using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>What fault tests read from a status.</summary>
internal static class StatusExtensions
{
    public static int Pid(this StatusReply status, string name) => (int)status.Process(name).Identity.Pid;

    public static double Statistic(this StatusReply status, string name, string statistic) =>
        status.Process(name).Statistics.GetValueOrDefault(statistic);

    public static StoryStatus Of(this StatusReply status, Load load) =>
        status.Stories.Single(each => each.Chronicle == load.Chronicle && each.Story == load.Story);

    /// <summary>The pid of every process that is alive, by name.</summary>
    public static SortedDictionary<string, int> Pids(this StatusReply status) => new(
        status.Processes.Where(each => each.State == "alive")
            .ToDictionary(each => each.Identity.Name, each => (int)each.Identity.Pid),
        StringComparer.Ordinal);

    /// <summary>Ends the load, and sees to it that all of it is in StoryFiles, once, and in a replay.</summary>
    public static async Task SettleAsync(this LocalDeployment deployment, ChronoClient client, Load load)
    {
        await load.StopAsync();
        await client.ReleaseStoryAsync(load.Chronicle, load.Story);
        int events = load.Recorded - load.Refused;
        StatusReply cold = await deployment.WaitUntilColdAsync(client, load.Chronicle, load.Story, events);
        Assert.That(cold.Of(load).Cold, Is.EqualTo(events), "archived exactly once");
        LoadCheck check = await LoadCheck.AssertAsync(client, load, "at the end");
        Assert.That(check.Events, Is.EqualTo(events));
    }

    private static ProcessStatus Process(this StatusReply status, string name) =>
        status.Processes.Single(each => each.Identity.Name == name);
}
