using ChronoLog.Interop.Zmq;

namespace ChronoLog.Transport.Rpc;

/// <summary>A reply on its way to the owner thread.</summary>
/// <param name="Call">The call that ends with it.</param>
/// <param name="Header">First frame.</param>
/// <param name="Body">Second frame, empty on failure.</param>
internal sealed record Reply(ServerCall Call, NetMQFrame Header, NetMQFrame Body) : IDisposable
{
    /// <summary>When the peer first refused it, monotonic nanoseconds; 0 = not yet.</summary>
    public long RefusedAt { get; set; }

    public void Dispose()
    {
        Header.Dispose();
        Body.Dispose();
    }
}
