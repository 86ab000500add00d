using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using ChronoLog.Core.Protocol;

namespace ChronoLog.App.Job;

/// <summary>The address by which the other nodes reach this one.</summary>
internal static class NodeAddress
{
    /// <summary>
    /// One of this node's addresses: the given one, that of an interface ("ib0"), or the one in a network ("10.1.0.0/16").
    /// </summary>
    /// <param name="wanted">Null: any that is not loopback.</param>
    /// <exception cref="ChronoLogException">InvalidArgument: the node has none like that.</exception>
    public static IPAddress Find(string? wanted) => Choose(wanted, Own()) ?? throw new ChronoLogException(
        Status.InvalidArgument,
        $"{Environment.MachineName} has no address {(wanted is null ? "but loopback" : $"'{wanted}'")}: --address takes an IP address, "
        + "an interface or a network of every node; here are "
        + string.Join(", ", Own().Select(each => $"{each.Address} ({each.Interface})")));

    /// <summary>One by which other nodes reach this one, when none was asked for.</summary>
    /// <param name="others">The addresses of each of them.</param>
    /// <exception cref="ChronoLogException">InvalidArgument: there is none but loopback, or addresses that every node has.</exception>
    public static IPAddress FindShared(IReadOnlyList<IReadOnlyList<NodeNetwork>> others) => ChooseShared(Own(), others)
        ?? throw new ChronoLogException(
            Status.InvalidArgument,
            $"{Environment.MachineName} has no address by which the other nodes could reach it: give one by --address; here are "
            + string.Join(", ", Own().Select(each => $"{each.Address} ({each.Interface})")));

    /// <summary>
    /// The first address in whose network every other node has one; if there is none, the first that no other node has: containers
    /// and virtual machines have bridges with the same address on every node. Null: all of them are like that.
    /// </summary>
    public static IPAddress? ChooseShared(IReadOnlyList<NodeNetwork> own, IReadOnlyList<IReadOnlyList<NodeNetwork>> others)
    {
        HashSet<IPAddress> elsewhere = [.. others.SelectMany(node => node.Select(each => each.Address))];
        HashSet<IPAddress> here = [.. own.Select(each => each.Address)];
        NodeNetwork[] usable =
        [
            .. own.Where(each => !IPAddress.IsLoopback(each.Address) && !each.Address.IsIPv6LinkLocal && !elsewhere.Contains(each.Address))
                .OrderBy(each => each.Address.AddressFamily == AddressFamily.InterNetwork ? 0 : 1),
        ];
        return (usable.FirstOrDefault(
            each => others.All(node => node.Any(other => each.Reaches(other.Address) && !here.Contains(other.Address))))
            ?? usable.FirstOrDefault())?.Address;
    }

    /// <summary>The address from which another one is reached.</summary>
    public static IPAddress Towards(IPAddress other)
    {
        // Connecting a datagram socket sends nothing: it asks the routes.
        using var socket = new Socket(other.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(other, 1);
        return ((IPEndPoint)socket.LocalEndPoint!).Address;
    }

    /// <summary>The choice among a node's addresses, IPv4 first; null: none fits.</summary>
    public static IPAddress? Choose(string? wanted, IEnumerable<NodeNetwork> own)
    {
        IEnumerable<NodeNetwork> fitting = wanted switch
        {
            null => own.Where(each => !IPAddress.IsLoopback(each.Address) && !each.Address.IsIPv6LinkLocal),
            _ when IPAddress.TryParse(wanted, out IPAddress? address) => own.Where(each => each.Address.Equals(address)),
            _ when IPNetwork.TryParse(wanted, out IPNetwork network) => own.Where(each => network.Contains(each.Address)),
            _ => own.Where(each => each.Interface == wanted),
        };
        return fitting.OrderBy(each => each.Address.AddressFamily == AddressFamily.InterNetwork ? 0 : 1)
            .Select(each => each.Address).FirstOrDefault();
    }

    /// <summary>Those of the interfaces that are up.</summary>
    public static IReadOnlyList<NodeNetwork> Own() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(each => each.OperationalStatus != OperationalStatus.Down)
            .SelectMany(each => each.GetIPProperties().UnicastAddresses.Select(
                address => new NodeNetwork(each.Name, address.Address, address.PrefixLength))),
    ];
}
