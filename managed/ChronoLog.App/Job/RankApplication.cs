using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using ChronoLog.App.Commands;
using ChronoLog.Interop.Posix;

namespace ChronoLog.App.Job;

/// <summary>
/// The application's process of one rank: a child with everything that the launcher gave to this one, in a process group of its
/// own (signals to this process's group are passed on once, and not received twice); killed when this process is gone.
/// </summary>
internal sealed class RankApplication
{
    /// <summary>As shells have it: there is no such program, or it is none.</summary>
    private const int CannotRun = 127;

    private readonly TaskCompletionSource<int> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile int pid;

    /// <summary>Its exit status; 128 and the signal's number when one ended it.</summary>
    public Task<int> Ended => ended.Task;

    /// <param name="command">Program and arguments.</param>
    /// <param name="isInOwnGroup">Not where a person's terminal is the launcher: its keys go to a group.</param>
    /// <param name="endpoint">Of the deployment.</param>
    /// <param name="inherited">What this process was given and its servers were not.</param>
    public async Task StartAsync(IReadOnlyList<string> command, bool isInOwnGroup, string endpoint, InheritedDescriptors inherited)
    {
        // A thread of its own: the child is tied to the thread that starts it, and pool threads end when they are idle.
        new Thread(() => Run(command, isInOwnGroup, endpoint, inherited)) { IsBackground = true, Name = "application" }.Start();
        await started.Task;
    }

    public void Signal(int signal)
    {
        if (!ended.Task.IsCompleted)
        {
            PosixProcess.Signal(pid, signal);
        }
    }

    private void Run(IReadOnlyList<string> command, bool isInOwnGroup, string endpoint, InheritedDescriptors inherited)
    {
        int status = CannotRun;
        try
        {
            using Process process = Start(command, isInOwnGroup, endpoint, inherited);
            pid = process.Id;
            started.SetResult();
            process.WaitForExit();
            status = process.ExitCode;
        }
        catch (Win32Exception exception)
        {
            Console.Error.WriteLine($"chronolog: {command[0]}: {exception.Message}");
            started.SetResult();
        }

        ended.SetResult(status);
    }

    private static Process Start(IReadOnlyList<string> command, bool isInOwnGroup, string endpoint, InheritedDescriptors inherited)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false };
        string parent = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        string[] group = isInOwnGroup ? [RankCommand.OwnGroup.Name] : [];
        foreach (string argument in (string[])[RankCommand.Name, RankCommand.Parent.Name, parent, .. group, "--", .. command])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[CommonOptions.EndpointVariable] = endpoint;
        using IDisposable loan = inherited.Lend();
        return Process.Start(start)!;
    }
}
