using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using ChronoLog.App.Commands;
using ChronoLog.Interop.Posix;

namespace ChronoLog.App.Job;

/// <summary>
/// The application's process of one rank: a child with everything that the launcher gave to this one, in its process group, and
/// killed when this process is gone.
/// </summary>
internal sealed class RankApplication
{
    private const string TerminalVariable = "TERM";

    private static readonly string? LaunchedTerminal = Environment.GetEnvironmentVariable(TerminalVariable);

    /// <summary>As shells have it: there is no such program, or it is none.</summary>
    private const int CannotRun = 127;

    private readonly TaskCompletionSource<int> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile int pid;

    /// <summary>Its exit status; 128 and the signal's number when one ended it.</summary>
    public Task<int> Ended => ended.Task;

    /// <summary>
    /// Before this process writes its first line: a launcher may give it a terminal as its output, which is the application's, and
    /// this runtime would greet that with control characters.
    /// </summary>
    public static void KeepTerminalClean()
    {
        if (LaunchedTerminal is not null)
        {
            Environment.SetEnvironmentVariable(TerminalVariable, "dumb");
        }
    }

    /// <param name="command">Program and arguments.</param>
    /// <param name="endpoint">Of the deployment.</param>
    /// <param name="inherited">What this process was given and its servers were not.</param>
    public async Task StartAsync(IReadOnlyList<string> command, string endpoint, InheritedDescriptors inherited)
    {
        // A thread of its own: the child is tied to the thread that starts it, and pool threads end when they are idle.
        new Thread(() => Run(command, endpoint, inherited)) { IsBackground = true, Name = "application" }.Start();
        await started.Task;
    }

    /// <summary>To it and to whatever it has started.</summary>
    public void Signal(int signal)
    {
        if (!ended.Task.IsCompleted && pid > 1)
        {
            // The descendants were found before their parents end, and have others then.
            foreach (int process in (int[])[.. ProcessTree.DescendantsOf(pid), pid])
            {
                PosixProcess.Signal(process, signal);
            }
        }
    }

    private void Run(IReadOnlyList<string> command, string endpoint, InheritedDescriptors inherited)
    {
        int status = CannotRun;
        try
        {
            using Process process = Start(command, endpoint, inherited);
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

    private static Process Start(IReadOnlyList<string> command, string endpoint, InheritedDescriptors inherited)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false };
        string parent = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        foreach (string argument in (string[])[RankCommand.Name, RankCommand.Parent.Name, parent, "--", .. command])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[CommonOptions.EndpointVariable] = endpoint;
        start.Environment[TerminalVariable] = LaunchedTerminal;
        using IDisposable loan = inherited.Lend();
        return Process.Start(start)!;
    }
}
