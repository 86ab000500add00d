using System.Runtime.InteropServices;
using System.Text;

namespace ChronoLog.Interop.Zmq;

/// <summary>
/// A ZeroMQ socket. It belongs to one thread: the first that uses it after its creation or after
/// <see cref="HandOver"/>. Any other thread's use is refused, in release builds too, because libzmq would corrupt its
/// state without a word.
/// </summary>
public abstract unsafe class NetMQSocket : IDisposable
{
    private const int EndpointBytesMax = 512;

    private readonly ZmqSocketHandle handle;
    private readonly NetMQFrame surplus = new();
    private int owner;

    private protected NetMQSocket(int type)
    {
        handle = new ZmqSocketHandle(ZmqContext.Shared, type);
        Options = new SocketOptions(this);
    }

    public SocketOptions Options { get; }

    /// <summary>The address bound last, with the port that the system chose.</summary>
    public string LastEndpoint
    {
        get
        {
            byte* text = stackalloc byte[EndpointBytesMax];
            nuint length = EndpointBytesMax;
            if (ZmqNative.zmq_getsockopt(Handle, ZmqConstants.LastEndpoint, text, &length) != 0)
            {
                throw ZmqNative.Failure("reading a socket's endpoint");
            }

            return Encoding.UTF8.GetString(text, Math.Max(0, (int)length - 1));
        }
    }

    internal nint Handle
    {
        get
        {
            int thread = Environment.CurrentManagedThreadId;
            int before = Interlocked.CompareExchange(ref owner, thread, 0);
            if (before != 0 && before != thread)
            {
                throw new InvalidOperationException(
                    $"{GetType().Name} belongs to thread {before} and was used by thread {thread}");
            }

            ObjectDisposedException.ThrowIf(handle.IsClosed, this);
            return handle.DangerousGetHandle();
        }
    }

    /// <summary>Gives the socket up: the next thread that uses it owns it. The owner's last act.</summary>
    public void HandOver()
    {
        _ = Handle;
        Interlocked.Exchange(ref owner, 0);
    }

    /// <exception cref="NetMQException">The address is taken, not this machine's, or malformed.</exception>
    public void Bind(string endpoint)
    {
        if (ZmqNative.zmq_bind(Handle, endpoint) != 0)
        {
            throw ZmqNative.Failure($"binding {endpoint}");
        }
    }

    /// <summary>Stops listening; the I/O thread closes the port soon after.</summary>
    public void Unbind(string endpoint)
    {
        if (ZmqNative.zmq_unbind(Handle, endpoint) != 0)
        {
            throw ZmqNative.Failure($"unbinding {endpoint}");
        }
    }

    /// <summary>Begins to connect in the background, and again whenever the connection is lost.</summary>
    /// <exception cref="NetMQException">The endpoint is malformed.</exception>
    public void Connect(string endpoint)
    {
        if (ZmqNative.zmq_connect(Handle, endpoint) != 0)
        {
            throw ZmqNative.Failure($"connecting to {endpoint}");
        }
    }

    /// <summary>Sends one frame without waiting, and empties it when that worked.</summary>
    /// <returns>
    /// False when there is no room or no peer now. Never false for the later frames of a message whose first was taken.
    /// </returns>
    /// <exception cref="NetMQException">Any other failure.</exception>
    public bool TrySendFrame(NetMQFrame frame, bool more = false)
    {
        nint socket = Handle;
        int flags = ZmqConstants.DontWait | (more ? ZmqConstants.SendMore : 0);
        while (ZmqNative.zmq_msg_send(frame.Message, socket, flags) < 0)
        {
            switch (Marshal.GetLastPInvokeError())
            {
                case ZmqConstants.Eintr:
                    continue;
                case ZmqConstants.Eagain:
                    return false;
                default:
                    throw ZmqNative.Failure("sending a frame");
            }
        }

        GC.KeepAlive(frame);
        return true;
    }

    /// <summary>
    /// Receives one whole message without waiting: as many frames as the message keeps, the surplus is received and
    /// freed one by one.
    /// </summary>
    /// <returns>False when none is there.</returns>
    public bool TryReceive(NetMQMessage message)
    {
        nint socket = Handle;
        message.FrameCount = 0;
        message.TotalBytes = 0;
        NetMQFrame frame;
        do
        {
            bool keep = message.FrameCount < message.FramesMax;
            frame = keep ? message.Slot(message.FrameCount) : surplus;
            if (!TryReceive(socket, frame))
            {
                return false;
            }

            message.FrameCount++;
            message.TotalBytes += frame.MessageSize;
        }
        while (frame.HasMore);
        return true;
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing && !handle.IsClosed)
        {
            _ = Handle;
            surplus.Dispose();
            handle.Dispose();
        }
    }

    private static bool TryReceive(nint socket, NetMQFrame frame)
    {
        while (ZmqNative.zmq_msg_recv(frame.Message, socket, ZmqConstants.DontWait) < 0)
        {
            switch (Marshal.GetLastPInvokeError())
            {
                case ZmqConstants.Eintr:
                    continue;
                case ZmqConstants.Eagain:
                    return false;
                default:
                    throw ZmqNative.Failure("receiving a frame");
            }
        }

        return true;
    }
}
