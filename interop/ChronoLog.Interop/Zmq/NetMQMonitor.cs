using System.Buffers.Binary;
using System.Text;

namespace ChronoLog.Interop.Zmq;

/// <summary>What happened to a connection of a monitored socket (libzmq's numbers).</summary>
[Flags]
public enum SocketEvents
{
    None = 0,
    Connected = 0x0001,
    ConnectDelayed = 0x0002,
    ConnectRetried = 0x0004,
    Listening = 0x0008,
    Accepted = 0x0020,
    AcceptFailed = 0x0040,
    Closed = 0x0080,
    Disconnected = 0x0200,
    MonitorStopped = 0x0400,
    HandshakeFailedNoDetail = 0x0800,
    HandshakeSucceeded = 0x1000,
    HandshakeFailedProtocol = 0x2000,
    HandshakeFailedAuth = 0x4000,
}

/// <param name="Event">What.</param>
/// <param name="Value">The connection's file descriptor, an errno or an interval, by event.</param>
/// <param name="Address">The endpoint concerned.</param>
public readonly record struct MonitorEvent(SocketEvents Event, int Value, string Address);

/// <summary>Receives the connection events of one socket. Belongs to the socket's thread.</summary>
public sealed class NetMQMonitor : IDisposable
{
    private const int EventFrameBytes = 6;
    private static long numbers;

    private readonly NetMQSocket monitored;
    private readonly NetMQMessage message = new(framesMax: 2);

    public NetMQMonitor(NetMQSocket monitored, SocketEvents events)
    {
        this.monitored = monitored;
        string endpoint = $"inproc://chronolog.monitor.{Interlocked.Increment(ref numbers)}";
        if (ZmqNative.zmq_socket_monitor(monitored.Handle, endpoint, (int)events) != 0)
        {
            throw ZmqNative.Failure("monitoring a socket");
        }

        Socket = new PairSocket();
        Socket.Options.Linger = TimeSpan.Zero;
        Socket.Options.ReceiveHighWatermark = 0; // a full pipe would stop the I/O thread that writes to it
        Socket.Connect(endpoint);
    }

    /// <summary>To be polled.</summary>
    public PairSocket Socket { get; }

    /// <summary>The next event, if there is one.</summary>
    public bool TryReceive(out MonitorEvent monitorEvent)
    {
        monitorEvent = default;
        if (!Socket.TryReceive(message))
        {
            return false;
        }

        if (message.FrameCount == 2 && message[0].MessageSize == EventFrameBytes)
        {
            // Native byte order: u16 event, u32 value.
            ReadOnlySpan<byte> body = message[0].Span;
            monitorEvent = new MonitorEvent(
                (SocketEvents)BinaryPrimitives.ReadUInt16LittleEndian(body),
                BinaryPrimitives.ReadInt32LittleEndian(body[2..]),
                Encoding.UTF8.GetString(message[1].Span));
        }

        return true;
    }

    /// <summary>Ends the monitoring; before the monitored socket is disposed.</summary>
    public void Dispose()
    {
        _ = ZmqNative.zmq_socket_monitor_stop(monitored.Handle, 0, 0);
        Socket.Dispose();
        message.Dispose();
    }
}
