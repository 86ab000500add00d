using ChronoLog.Interop.Zmq;

namespace ChronoLog.Transport.Rpc;

/// <summary>
/// How the attempts to connect to a server went that nobody has ever been connected to, by what libzmq's monitor says of each:
/// CONNECT_DELAYED when it is under way, CONNECTED, and at the end of one that failed CONNECT_RETRIED, whose reason libzmq
/// keeps to itself. One that ends before its time is up was refused by somebody who knows (nobody listens, there is no such host,
/// no route to it, or what listens does not speak ZMTP); one that ends by its timeout met silence, which means nothing: the
/// network may be slow.
/// </summary>
internal sealed class ConnectAttempts(TimeSpan patience, TimeSpan timeout)
{
    /// <summary>To be monitored, beside those of the handshake.</summary>
    public const SocketEvents Events =
        SocketEvents.Connected | SocketEvents.ConnectDelayed | SocketEvents.ConnectRetried;

    // An attempt that lasted so much of its timeout ended by it: its events are seen a little later than they came.
    private readonly long silentNanoseconds = (long)(timeout.TotalNanoseconds * 0.9);
    private readonly long patienceNanoseconds = (long)patience.TotalNanoseconds;
    private long? begun;
    private long? refusedSince;

    /// <summary>The last attempt that ended was refused.</summary>
    public bool IsRefused => refusedSince is not null;

    /// <summary>Something listens there: it is the handshake that failed.</summary>
    public bool IsReached { get; private set; }

    public void Observe(SocketEvents what, long now)
    {
        switch (what)
        {
            case SocketEvents.ConnectDelayed:
                begun = now;
                break;
            case SocketEvents.Connected:
                (begun, IsReached) = (null, true);
                break;
            case SocketEvents.ConnectRetried:
                refusedSince = begun is { } at && now - at > silentNanoseconds ? null : refusedSince ?? now;
                begun = null;
                break;
        }
    }

    /// <summary>Whether a call that has waited since then has seen refusals for as long as it is patient.</summary>
    public bool IsEnough(long waitsSince, long now) =>
        refusedSince is { } since && now - Math.Max(since, waitsSince) >= patienceNanoseconds;
}
