namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>A process stands still in between.</summary>
internal sealed class Pause : IDisposable
{
    private readonly int pid;

    /// <param name="pid">0: nobody.</param>
    public Pause(int pid)
    {
        this.pid = pid;
        if (pid != 0)
        {
            SystemCommand.Run("kill", "-STOP", $"{pid}");
        }
    }

    public void Dispose()
    {
        if (pid != 0)
        {
            SystemCommand.Run("kill", "-CONT", $"{pid}");
        }
    }
}
