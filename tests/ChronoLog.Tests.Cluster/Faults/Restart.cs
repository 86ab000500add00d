using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>Kills one process of a deployment, which <c>up</c> starts again.</summary>
internal static class Restart
{
    /// <summary>Returns when it is back.</summary>
    public static async Task KillAsync(ChronoClient client, string name)
    {
        int pid = (await client.StatusAsync()).Pid(name);
        await Signals.KillAsync([pid]);
        await Waiting.UntilAsync(() => IsBackAsync(client, name, pid), () => $"{name} to be back");
    }

    private static async Task<bool> IsBackAsync(ChronoClient client, string name, int formerPid)
    {
        try
        {
            return (await client.StatusAsync()).Processes.Any(each => each.Identity.Name == name && each.State == "alive"
                && (int)each.Identity.Pid != formerPid);
        }
        catch (ChronoLogException)
        {
            return false; // it is the Visor that is away
        }
    }
}
