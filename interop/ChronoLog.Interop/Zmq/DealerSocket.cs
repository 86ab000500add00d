namespace ChronoLog.Interop.Zmq;

/// <summary>Talks to one server; any number of messages may be on their way.</summary>
public sealed class DealerSocket() : NetMQSocket(ZmqConstants.Dealer);
