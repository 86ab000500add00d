namespace ChronoLog.Transport.Rpc;

/// <summary>
/// When a call's request left and its reply came, on its caller's clock: written by the owner thread, read after the call's
/// end.
/// </summary>
internal sealed class CallTimes(Func<ulong> clock)
{
    public ulong Sent { get; private set; }

    public ulong Received { get; private set; }

    /// <summary>libzmq sends a message when it has its last frame: right before that.</summary>
    public void MarkSent() => Sent = clock();

    public void MarkReceived() => Received = clock();
}
