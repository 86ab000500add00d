using System.CommandLine;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Settings;

namespace ChronoLog.App.Commands;

/// <summary>Runs a command's action and turns its failures into one line on standard error and an exit code.</summary>
internal static class CommandRunner
{
    public static void SetRunner(this Command command, Func<ParseResult, CancellationToken, Task<int>> action) =>
        command.SetAction(async (parsed, cancellation) =>
        {
            try
            {
                return await action(parsed, cancellation);
            }
            catch (ChronoLogException exception)
            {
                Report(exception.Message);
                return CodeOf(exception.Status);
            }
            catch (SettingException exception)
            {
                Report(exception.Message);
                return ExitCode.Usage;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                Report(exception.Message);
                return ExitCode.Failed;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return ExitCode.Failed;
            }
        });

    private static void Report(string message) => Console.Error.WriteLine($"chronolog: {message}");

    private static int CodeOf(Status status) => status switch
    {
        Status.InvalidArgument => ExitCode.Usage,
        Status.NoConnection or Status.TimedOut => ExitCode.Unreachable,
        _ => ExitCode.Failed,
    };
}
