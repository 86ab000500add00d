namespace ChronoLog.Interop.Posix;

/// <summary>
/// From creation to disposal this process's standard input is /dev/null and its standard output and error a file: what
/// a child that is started meanwhile inherits, from its first instruction on. One at a time, without an await inside.
/// </summary>
/// <remarks>
/// .NET's own redirection gives a child pipes to its parent: those break when the parent ends, which a daemon outlives.
/// Console streams that are open already are copies of the former descriptors and stay as they are.
/// </remarks>
public sealed class StandardStreamScope : IDisposable
{
    private const int Standard = 3;
    private readonly int[] former = new int[Standard];

    /// <param name="output">Appended to; created if missing (0640).</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public StandardStreamScope(string output)
    {
        int file = PosixProcess.OpenLog(output);
        int nothing = PosixProcess.OpenNothing();
        for (int descriptor = 0; descriptor < Standard; descriptor++)
        {
            former[descriptor] = Libc.Fcntl(descriptor, Libc.DuplicateCloseOnExec, Standard); // -1: it was closed
            _ = Libc.Dup2(descriptor == 0 ? nothing : file, descriptor);
        }

        _ = Libc.Close(nothing);
        _ = Libc.Close(file);
    }

    public void Dispose()
    {
        for (int descriptor = 0; descriptor < Standard; descriptor++)
        {
            if (former[descriptor] < 0)
            {
                _ = Libc.Close(descriptor);
                continue;
            }

            _ = Libc.Dup2(former[descriptor], descriptor);
            _ = Libc.Close(former[descriptor]);
        }
    }
}
