using System.Net;
using System.Net.Sockets;

namespace ChronoLog.Transport.Bulk;

/// <summary>Which of this machine's addresses a peer is reached from: the data plane binds to it and to no other.</summary>
public static class SourceAddress
{
    /// <param name="endpoint">Of the peer, "tcp://ADDRESS:PORT".</param>
    /// <exception cref="SocketException">There is no route to it.</exception>
    public static string Towards(string endpoint)
    {
        var uri = new Uri(endpoint);
        string host = uri.Host.Trim('[', ']');

        // Connecting a datagram socket sends nothing: it asks the routes.
        using var socket = new Socket(FamilyOf(host), SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(host, uri.Port);
        return ((IPEndPoint)socket.LocalEndPoint!).Address.ToString();
    }

    private static AddressFamily FamilyOf(string host) =>
        IPAddress.TryParse(host, out IPAddress? address) ? address.AddressFamily : AddressFamily.InterNetwork;
}
