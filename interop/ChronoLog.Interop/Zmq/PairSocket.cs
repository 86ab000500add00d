namespace ChronoLog.Interop.Zmq;

/// <summary>One end of a pipe inside the process; carries a monitor's events.</summary>
public sealed class PairSocket() : NetMQSocket(ZmqConstants.Pair);
