namespace ChronoLog.Interop.Zmq;

/// <summary>Talks to many peers: a message's first frame is the peer's routing id.</summary>
public sealed class RouterSocket() : NetMQSocket(ZmqConstants.Router);
