using ChronoLog.App.Deployment;
using ChronoLog.Interop.Posix;

namespace ChronoLog.App.Torture;

/// <summary>Kills (SIGKILL) processes of a deployment and writers, one after the other or all at once, as the seed says.</summary>
internal sealed class KillSchedule(TortureOptions options, Supervisor supervisor, WriterProcesses writers)
{
    private readonly Random random = new(options.Seed);
    private string? leftDead;

    /// <summary>Kills so far, by what was to be killed.</summary>
    public SortedDictionary<string, int> Kills { get; } = new(StringComparer.Ordinal);

    /// <summary>What was killed for good is started again.</summary>
    public void Revive()
    {
        if (leftDead is not null)
        {
            supervisor.LeaveDead(leftDead, isLeftDead: false);
            leftDead = null;
        }
    }

    /// <summary>Goes on until cancelled.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (options.Kill.Count > 0)
            {
                // Evenly between half and one and a half times the mean, so that nothing keeps in step with it.
                await Task.Delay(options.Every * (0.5 + random.NextDouble()), stop);
                Kill(options.Kill[random.Next(options.Kill.Count)]);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private void Kill(string target)
    {
        Kills[target] = Kills.GetValueOrDefault(target) + 1;
        switch (target)
        {
            case "writer":
                writers.Kill(random.Next(options.Writers));
                break;
            case "keeper-for-good" when leftDead is not null:
                Revive(); // one at a time: the others have to do the work
                break;
            case "keeper-for-good":
                leftDead = Pick("keeper").Name;
                supervisor.LeaveDead(leftDead, isLeftDead: true);
                KillProcess(supervisor.Processes.Single(process => process.Name == leftDead).Pid);
                break;
            case "all":
                foreach ((_, _, int pid) in supervisor.Processes)
                {
                    KillProcess(pid);
                }

                break;
            default:
                KillProcess(Pick(target).Pid);
                break;
        }
    }

    private (string Role, string Name, int Pid) Pick(string role)
    {
        List<(string Role, string Name, int Pid)> candidates =
            [.. supervisor.Processes.Where(process => process.Role == role)];
        return candidates[random.Next(candidates.Count)];
    }

    private static void KillProcess(int pid)
    {
        if (pid > 1)
        {
            PosixProcess.KillNow(pid);
        }
    }
}
