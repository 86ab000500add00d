namespace ChronoLog.Interop.Zmq;

/// <summary>The numbers of zmq.h that are used here.</summary>
internal static class ZmqConstants
{
    internal const int Pair = 0;
    internal const int Dealer = 5;
    internal const int Router = 6;

    internal const int RoutingId = 5;
    internal const int LastEndpoint = 32;
    internal const int Linger = 17;
    internal const int ReconnectInterval = 18;
    internal const int ReconnectIntervalMax = 21;
    internal const int MaxMessageSize = 22;
    internal const int SendHighWatermark = 23;
    internal const int ReceiveHighWatermark = 24;
    internal const int RouterMandatory = 33;
    internal const int Immediate = 39;
    internal const int IPv6 = 42;
    internal const int CurveServer = 47;
    internal const int CurvePublicKey = 48;
    internal const int CurveSecretKey = 49;
    internal const int CurveServerKey = 50;
    internal const int ZapDomain = 55;
    internal const int HandshakeInterval = 66;
    internal const int HeartbeatInterval = 75;
    internal const int HeartbeatTtl = 76;
    internal const int HeartbeatTimeout = 77;
    internal const int ConnectTimeout = 79;

    internal const int ContextIoThreads = 1;
    internal const int ContextMaxSockets = 2;
    internal const int ContextBlocky = 70;

    internal const int DontWait = 1;
    internal const int SendMore = 2;
    internal const int MessageSourceDescriptor = 2;

    internal const short PollIn = 1;
    internal const short PollOut = 2;

    internal const int Eintr = 4;
    internal const int Eagain = 11;
    internal const int Enodev = 19;
    internal const int Eaddrinuse = 98;
    internal const int Eaddrnotavail = 99;
    internal const int Ehostunreach = 113;
}
