using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Zmq;

/// <summary>
/// One frame in libzmq's own memory: received without a copy, and written in place before it is sent. Not bound to a
/// thread, but used by one at a time.
/// </summary>
public sealed unsafe class NetMQFrame : IDisposable
{
    // zmq_msg_t must not move: it may hold a short frame's bytes itself.
    private void* message;

    /// <summary>An empty frame, to receive into.</summary>
    public NetMQFrame()
    {
        message = NativeMemory.Alloc(ZmqNative.MessageBytes);
        _ = ZmqNative.zmq_msg_init(message);
    }

    /// <summary>A frame of the given length, not zeroed: to be filled and sent.</summary>
    public NetMQFrame(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        message = NativeMemory.Alloc(ZmqNative.MessageBytes);
        if (ZmqNative.zmq_msg_init_size(message, (nuint)size) != 0)
        {
            NativeMemory.Free(message);
            message = null;
            GC.SuppressFinalize(this);
            throw new OutOfMemoryException($"no memory for a ZeroMQ frame of {size} bytes");
        }
    }

    public NetMQFrame(ReadOnlySpan<byte> bytes)
        : this(bytes.Length) => bytes.CopyTo(Span);

    ~NetMQFrame() => Free();

    /// <summary>Bytes in the frame.</summary>
    public int MessageSize => checked((int)ZmqNative.zmq_msg_size(Message));

    /// <summary>The bytes; valid until the frame is received into again, sent or disposed.</summary>
    public Span<byte> Span => new(ZmqNative.zmq_msg_data(Message), MessageSize);

    /// <summary>Another frame of the same message follows.</summary>
    public bool HasMore => ZmqNative.zmq_msg_more(Message) != 0;

    /// <summary>File descriptor of the connection that a received frame came over; -1 if unknown.</summary>
    public int SourceDescriptor => ZmqNative.zmq_msg_get(Message, ZmqConstants.MessageSourceDescriptor);

    /// <summary>Network address of the peer that sent a received frame; null if unknown.</summary>
    public string? PeerAddress
    {
        get
        {
            fixed (byte* property = "Peer-Address\0"u8)
            {
                return Marshal.PtrToStringUTF8((nint)ZmqNative.zmq_msg_gets(Message, property));
            }
        }
    }

    internal void* Message => message != null ? message : throw new ObjectDisposedException(nameof(NetMQFrame));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (message != null)
        {
            _ = ZmqNative.zmq_msg_close(message);
            NativeMemory.Free(message);
            message = null;
        }
    }
}
