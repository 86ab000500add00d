using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Zmq;

/// <summary>
/// libzmq's context: its I/O thread and the table of its sockets. One per process, as with NetMQ; it is never
/// terminated, because terminating blocks on every socket that is still open, and the end of the process frees the
/// same.
/// </summary>
internal sealed class ZmqContext : SafeHandle
{
    // Every channel takes two sockets (itself and its monitor); the default of 1023 would allow about 500 channels.
    private const int SocketsMax = 16384;

    private static readonly Lazy<ZmqContext> Lazy = new(() => new ZmqContext());

    private ZmqContext()
        : base(0, ownsHandle: true)
    {
        SetHandle(ZmqNative.zmq_ctx_new());
        if (IsInvalid)
        {
            throw ZmqNative.Failure("creating the ZeroMQ context");
        }

        _ = ZmqNative.zmq_ctx_set(handle, ZmqConstants.ContextMaxSockets, SocketsMax);
        _ = ZmqNative.zmq_ctx_set(handle, ZmqConstants.ContextBlocky, 0);
    }

    internal static ZmqContext Shared => Lazy.Value;

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => true;
}
