using System.Runtime.InteropServices;
using ChronoLog.Interop.Posix;

namespace ChronoLog.App.Hosting;

/// <summary>A token that SIGTERM and SIGINT (and SIGHUP, if wanted) cancel, instead of ending the process.</summary>
internal sealed class StopSignal : IDisposable
{
    private const int HangUp = 1;
    private const int User1 = 10;
    private const int User2 = 12;

    private readonly CancellationTokenSource source;
    private readonly List<PosixSignalRegistration> registrations;

    /// <param name="outer">Cancels too.</param>
    /// <param name="hangUp">
    /// Whether the end of the terminal is a reason: for a process that would leave others behind. Not when it was
    /// started with nohup.
    /// </param>
    public StopSignal(CancellationToken outer, bool hangUp = false)
    {
        source = CancellationTokenSource.CreateLinkedTokenSource(outer);
        Action<PosixSignalContext> common = IsOrderedByQuit ? static context => context.Cancel = true : Stop;
        registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, common),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, common),
        ];
        if (IsOrderedByQuit)
        {
            registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGQUIT, Stop));

            // What means something to the application (USR1: write a checkpoint) would end this process. A raw number stands
            // for itself.
            registrations.AddRange(((int[])[HangUp, User1, User2]).Select(
                number => PosixSignalRegistration.Create((PosixSignal)number, common)));
        }

        if (hangUp && !PosixProcess.IsIgnored(HangUp))
        {
            registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop));
        }
    }

    /// <summary>
    /// SIGQUIT ends this process in order; SIGTERM, SIGINT, SIGHUP and those of users do nothing. For servers in a scheduler's
    /// job: it sends those to every process of a node at once, and the supervisor knows in which order nothing is lost.
    /// </summary>
    public static bool IsOrderedByQuit { get; set; }

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        registrations.ForEach(registration => registration.Dispose());
        source.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        source.Cancel();
    }
}
