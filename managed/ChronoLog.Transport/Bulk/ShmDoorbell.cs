using System.Net.Sockets;

namespace ChronoLog.Transport.Bulk;

/// <summary>
/// Wakes the owner of a shm endpoint: that provider has no wait object, so its target would have to poll for reads that it
/// must help along, even while there are none. An abstract datagram socket per endpoint; a datagram means "look".
/// </summary>
internal sealed class ShmDoorbell : IDisposable
{
    private static readonly byte[] Ring = [1];

    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly byte[] received = new byte[16];

    private readonly string name;

    internal ShmDoorbell(string name)
    {
        this.name = name;
        socket.Blocking = false;
        socket.Bind(Address(name));
    }

    /// <summary>Whether the owner of a doorbell lives.</summary>
    internal static bool Exists(string name)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        probe.Blocking = false;
        return TryRing(probe, name);
    }

    /// <summary>Rings a peer's bell.</summary>
    /// <returns>False if the peer has gone; a full socket counts as alive, for its owner will look anyway.</returns>
    internal static bool TryRing(Socket from, string name)
    {
        try
        {
            from.SendTo(Ring, Address(name));
            return true;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode is not (SocketError.ConnectionRefused or SocketError.AddressNotAvailable);
        }
    }

    /// <summary>Waits for a ring, and takes all there are.</summary>
    internal bool Wait(TimeSpan timeout) => socket.Poll(timeout, SelectMode.SelectRead) && Drain();

    /// <summary>Takes all rings there are, without waiting.</summary>
    internal bool Drain()
    {
        bool rang = false;
        while (socket.Available > 0)
        {
            _ = socket.Receive(received);
            rang = true;
        }

        return rang;
    }

    /// <summary>Ends a <see cref="Wait"/> from another thread.</summary>
    internal void RingSelf()
    {
        using var from = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        from.Blocking = false;
        _ = TryRing(from, name);
    }

    public void Dispose() => socket.Dispose();

    private static UnixDomainSocketEndPoint Address(string name) => new('\0' + name);
}
