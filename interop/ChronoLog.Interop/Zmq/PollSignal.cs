namespace ChronoLog.Interop.Zmq;

/// <summary>
/// Wakes a <see cref="Poller"/> from any thread (an eventfd). Many signals before the poller looks cost one system
/// call.
/// </summary>
/// <remarks>
/// Protocol: the producer publishes its work first, then calls <see cref="Set"/>: it exchanges <c>raised</c> 0 → 1 and,
/// if it was 0, writes the eventfd. The poller, after every wait, reads the eventfd if it was readable, then exchanges
/// <c>raised</c> → 0, then looks for work. Work published before a <see cref="Set"/> that found 1 is seen after the
/// exchange to 0 (both are full fences). A write that comes after that exchange costs one empty cycle, no more.
/// </remarks>
public sealed unsafe class PollSignal : IDisposable
{
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;

    private readonly Lock gate = new();
    private int descriptor;
    private int raised;

    public PollSignal()
    {
        descriptor = ZmqNative.eventfd(0, NonBlocking | CloseOnExec);
        if (descriptor < 0)
        {
            throw ZmqNative.Failure("creating an eventfd");
        }
    }

    internal int Descriptor => descriptor;

    /// <summary>From any thread; after <see cref="Dispose"/> it does nothing.</summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref raised, 1) != 0)
        {
            return;
        }

        // The lock keeps the descriptor from being closed, and given to a stranger's file, under the write.
        lock (gate)
        {
            if (descriptor >= 0)
            {
                ulong one = 1;
                _ = ZmqNative.write(descriptor, &one, sizeof(ulong));
            }
        }
    }

    /// <summary>The poller's thread, after every wait and before it looks for work.</summary>
    /// <param name="ready">The descriptor was readable.</param>
    internal void Reset(bool ready)
    {
        if (ready)
        {
            ulong count;
            _ = ZmqNative.read(descriptor, &count, sizeof(ulong));
        }

        Interlocked.Exchange(ref raised, 0);
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (descriptor >= 0)
            {
                _ = ZmqNative.close(descriptor);
                descriptor = -1;
            }
        }
    }
}
