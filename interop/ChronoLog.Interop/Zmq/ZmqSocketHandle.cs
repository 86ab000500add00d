using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Zmq;

/// <summary>
/// A native socket; keeps its context alive. Closed only by its owner, never by the finalizer: that would be another
/// thread, and a monitor's reading end that is closed before its writing end blocks libzmq's I/O thread for good.
/// </summary>
internal sealed class ZmqSocketHandle : SafeHandle
{
    private readonly ZmqContext context;
    private readonly bool referenced;

    internal ZmqSocketHandle(ZmqContext context, int type)
        : base(0, ownsHandle: true)
    {
        this.context = context;
        context.DangerousAddRef(ref referenced);
        SetHandle(ZmqNative.zmq_socket(context.DangerousGetHandle(), type));
        if (IsInvalid)
        {
            NetMQException failure = ZmqNative.Failure("creating a ZeroMQ socket");
            context.DangerousRelease();
            referenced = false;
            throw failure;
        }

        GC.SuppressFinalize(this);
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        int result = ZmqNative.zmq_close(handle);
        if (referenced)
        {
            context.DangerousRelease();
        }

        return result == 0;
    }
}
