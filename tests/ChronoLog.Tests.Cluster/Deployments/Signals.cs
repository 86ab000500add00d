using System.Diagnostics;
using System.Globalization;

namespace ChronoLog.Tests.Cluster.Deployments;

/// <summary>Signals to processes that a test started.</summary>
internal static class Signals
{
    public static void Kill(int pid) => Send("KILL", pid);

    /// <summary>As <see cref="Kill"/>, of a process that may have ended.</summary>
    public static void TryKill(int pid)
    {
        using Process kill = Process.Start("bash", ["-c", $"kill -KILL -- {pid} 2> /dev/null"]);
        kill.WaitForExit();
    }

    public static void Terminate(int pid) => Send("TERM", pid);

    /// <summary>The process stands still: to the others it is as good as dead, and it may return.</summary>
    public static void Stop(int pid) => Send("STOP", pid);

    public static void Continue(int pid) => Send("CONT", pid);

    /// <summary>What Ctrl-C does: every process of the group gets it.</summary>
    public static void InterruptGroup(int leader) => Send("INT", -leader);

    private static void Send(string signal, int pid)
    {
        string target = pid.ToString(CultureInfo.InvariantCulture);
        using Process kill = Process.Start("bash", ["-c", $"kill -{signal} -- {target}"]);
        kill.WaitForExit();
        Assert.That(kill.ExitCode, Is.Zero, $"kill -{signal} {target}");
    }
}
