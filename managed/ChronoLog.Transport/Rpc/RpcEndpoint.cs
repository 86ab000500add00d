using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Transport.Rpc;

/// <summary>An address of the control plane, <c>tcp://HOST:PORT</c>, checked before libzmq sees it.</summary>
internal readonly record struct RpcEndpoint(string Host, int Port)
{
    private const string Scheme = "tcp://";

    public bool IsIPv6 => Host.Contains(':', StringComparison.Ordinal);

    /// <exception cref="ChronoLogException"><see cref="Status.InvalidArgument"/>.</exception>
    public static RpcEndpoint Parse(string text, bool portRequired)
    {
        int colon = text.LastIndexOf(':');
        if (!text.StartsWith(Scheme, StringComparison.Ordinal) || colon <= Scheme.Length)
        {
            throw Malformed(text, "expected tcp://HOST:PORT");
        }

        string host = text[Scheme.Length..colon].Trim('[', ']');
        bool isNumber = int.TryParse(
            text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port);
        if (!isNumber || port > ushort.MaxValue || (portRequired && port == 0))
        {
            throw Malformed(text, $"the port must be a number from {(portRequired ? 1 : 0)} to {ushort.MaxValue}");
        }

        if (host.Length == 0 || Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            throw Malformed(text, $"'{host}' is no host name or address");
        }

        return new RpcEndpoint(host, port);
    }

    /// <summary>The same with the name resolved, since libzmq binds numeric addresses only.</summary>
    public RpcEndpoint Resolve()
    {
        if (IPAddress.TryParse(Host, out _))
        {
            return this;
        }

        try
        {
            IPAddress[] addresses = Dns.GetHostAddresses(Host);
            IPAddress? version4 = Array.Find(addresses, a => a.AddressFamily == AddressFamily.InterNetwork);
            IPAddress address = version4 ?? addresses[0];
            return this with { Host = address.ToString() };
        }
        catch (SocketException exception)
        {
            throw new ChronoLogException(
                Status.InvalidArgument, $"cannot resolve the host name in {this}: {exception.Message}", exception);
        }
    }

    public override string ToString() => IsIPv6 ? $"{Scheme}[{Host}]:{Port}" : $"{Scheme}{Host}:{Port}";

    private static ChronoLogException Malformed(string text, string reason) =>
        new(Status.InvalidArgument, $"endpoint '{text}' is malformed: {reason}");
}
