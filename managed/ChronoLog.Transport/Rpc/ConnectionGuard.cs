using ChronoLog.Interop.Zmq;

namespace ChronoLog.Transport.Rpc;

/// <summary>
/// Cuts peers that stream frames of one message without ever ending it. libzmq gathers such a message in its own memory
/// (64 bytes for each two-byte frame) whatever MAXMSGSIZE and the high watermark say, and shows the application
/// nothing. So this looks beneath it: a connection on which more bytes arrived than the largest message has, since it
/// last delivered one, while nothing waits to be received, is cut. Owner thread only.
/// </summary>
internal sealed class ConnectionGuard(long messageBytesMax, RpcCounters counters)
{
    /// <summary>How often to look. In between a local peer can send some 3 MB of tiny frames.</summary>
    public const long IntervalNanoseconds = 100_000_000;

    // Heartbeats arrive without delivering anything: 25 bytes each, at most one every two seconds.
    private const long SilentBytesPerSecond = 32;
    private const long NanosecondsPerSecond = 1_000_000_000;

    // All connections together may hold this many incomplete messages of the largest size.
    private const int IncompleteMessagesMax = 8;

    private readonly Dictionary<int, Connection> connections = [];
    private long checkedAt;

    public int Connections => connections.Count;

    public void Observe(in MonitorEvent monitorEvent)
    {
        switch (monitorEvent.Event)
        {
            case SocketEvents.Accepted:
                connections[monitorEvent.Value] = new Connection();
                break;
            case SocketEvents.Disconnected or SocketEvents.Closed:
                connections.Remove(monitorEvent.Value);
                break;
        }
    }

    /// <summary>A whole message came over the connection.</summary>
    public void Delivered(int descriptor)
    {
        if (connections.TryGetValue(descriptor, out Connection? connection))
        {
            connection.Delivered = true;
        }
    }

    /// <summary>Looks at every connection. Call when nothing is left to receive.</summary>
    public void Check(long now)
    {
        if (now - checkedAt < IntervalNanoseconds)
        {
            return;
        }

        long allowance = checkedAt == 0 ? 0 : (now - checkedAt) * SilentBytesPerSecond / NanosecondsPerSecond;
        checkedAt = now;
        long total = 0;
        foreach ((int descriptor, Connection connection) in connections)
        {
            total += connection.Measure(descriptor, allowance);
            if (connection.Incomplete > messageBytesMax)
            {
                CutOff(descriptor, connection, now);
                total -= connection.Incomplete;
            }
        }

        if (total > messageBytesMax * IncompleteMessagesMax)
        {
            CutLargest(now);
        }
    }

    private void CutLargest(long now)
    {
        (int descriptor, Connection? connection) = connections.MaxBy(pair => pair.Value.Incomplete);
        CutOff(descriptor, connection, now);
    }

    private void CutOff(int descriptor, Connection connection, long now)
    {
        counters.CutOff(
            $"it sent {connection.Incomplete} bytes without completing a message, {messageBytesMax} are allowed",
            $"connection {descriptor}", now);
        ConnectionProbe.Cut(descriptor);
        connection.Forgive();
    }

    private sealed class Connection
    {
        private long received;
        private long forgiven;

        public bool Delivered { get; set; }

        public long Incomplete => received - forgiven;

        public long Measure(int descriptor, long allowance)
        {
            received = Math.Max(received, ConnectionProbe.BytesReceived(descriptor));
            forgiven = Delivered ? received : Math.Min(received, forgiven + allowance);
            Delivered = false;
            return Incomplete;
        }

        public void Forgive() => forgiven = received;
    }
}
