using System.Net;
using System.Net.Sockets;
using ChronoLog.Core.Protocol;

namespace ChronoLog.App.Deployment;

/// <summary>Ports for a private deployment.</summary>
internal static class FreePorts
{
    /// <summary>In a block.</summary>
    public const int PortsWanted = 16;

    // Below 32768, where the system takes the ports of outgoing connections from.
    private const int End = 32700;
    private const int Begin = 12000;

    /// <summary>
    /// The first of a block of consecutive ports that are free now. The processes refuse to start if one is taken in
    /// between; where the search begins depends on the process, so that two deployments seldom meet.
    /// </summary>
    public static int Find(IPAddress? address = null)
    {
        address ??= IPAddress.Loopback;
        for (int first = Begin + (Environment.ProcessId % 400 * PortsWanted * 3); first < End; first += PortsWanted)
        {
            if (Enumerable.Range(first, PortsWanted).All(port => IsFree(address, port)))
            {
                return first;
            }
        }

        throw new ChronoLogException(
            Status.NoSpace, $"no {PortsWanted} consecutive free ports on {address} between {Begin} and {End}");
    }

    private static bool IsFree(IPAddress address, int port)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
