namespace ChronoLog.Interop.Zmq;

/// <summary>
/// Looks at an accepted TCP connection beneath libzmq, by its file descriptor: how many bytes arrived, and a way to cut
/// it. libzmq holds the descriptor; it is only ever shut down here, never closed.
/// </summary>
public static unsafe class ConnectionProbe
{
    private const int ProtocolTcp = 6;
    private const int TcpInformation = 11;
    private const int BytesReceivedOffset = 128; // struct tcp_info, tcpi_bytes_received (Linux 4.1 and later)
    private const int LevelSocket = 1;
    private const int Linger = 13;
    private const int ShutdownBoth = 2;
    private const int InformationBytes = 256;

    /// <summary>
    /// Bytes received since the connection began, or -1 when the descriptor is no TCP connection any more.
    /// </summary>
    public static long BytesReceived(int descriptor)
    {
        byte* information = stackalloc byte[InformationBytes];
        uint length = InformationBytes;
        int result = ZmqNative.getsockopt(descriptor, ProtocolTcp, TcpInformation, information, &length);
        return result == 0 && length >= BytesReceivedOffset + sizeof(long)
            ? *(long*)(information + BytesReceivedOffset)
            : -1;
    }

    /// <summary>
    /// Ends the connection in both directions; libzmq then sees its end and frees what it held for it.
    /// </summary>
    public static void Cut(int descriptor)
    {
        // With a linger of zero libzmq's close resets the connection; else the peer could go on sending into a dead
        // buffer.
        long lingerOnForZeroSeconds = 1;
        _ = ZmqNative.setsockopt(descriptor, LevelSocket, Linger, &lingerOnForZeroSeconds, sizeof(long));
        _ = ZmqNative.shutdown(descriptor, ShutdownBoth);
    }
}
