namespace ChronoLog.Interop.Posix;

/// <summary>What .NET's stream of standard output hides: it takes a write to a pipe that nobody reads for done.</summary>
public static class StandardOutput
{
    private const int Descriptor = 1;
    private const short Error = 0x8;    // POLLERR: the reading end of a pipe is closed
    private const short HangUp = 0x10;  // POLLHUP: of a socket, or of a terminal

    /// <summary>True when nobody can read any more what is written. Of a file never.</summary>
    public static unsafe bool IsReaderGone
    {
        get
        {
            var entry = new PollEntry { Descriptor = Descriptor };
            return Libc.Poll(&entry, 1, 0) > 0 && (entry.Returned & (Error | HangUp)) != 0;
        }
    }
}
