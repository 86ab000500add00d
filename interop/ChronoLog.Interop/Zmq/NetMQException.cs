namespace ChronoLog.Interop.Zmq;

/// <summary>A failure of libzmq.</summary>
/// <param name="errorCode">errno, or one of libzmq's own numbers.</param>
/// <param name="message">The action and libzmq's words for the error.</param>
public sealed class NetMQException(int errorCode, string message) : IOException(message)
{
    public int ErrorCode { get; } = errorCode;

    /// <summary>Another socket is bound to the address.</summary>
    public bool AddressAlreadyInUse => ErrorCode == ZmqConstants.Eaddrinuse;

    /// <summary>No interface of this machine has the address.</summary>
    public bool AddressNotAvailable => ErrorCode is ZmqConstants.Eaddrnotavail or ZmqConstants.Enodev;
}
