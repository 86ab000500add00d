using System.CommandLine;
using ChronoLog.Client;
using ChronoLog.Core.Ports;

namespace ChronoLog.App.Commands;

/// <summary>Connects a command to the deployment it was pointed at.</summary>
internal static class ClientSession
{
    public static Task<ChronoClient> ConnectAsync(ParseResult parsed, CancellationToken cancellation) =>
        ChronoClient.ConnectAsync(
            new ClientOptions { Endpoint = CommonOptions.EndpointOf(parsed), Program = "chronolog " + parsed.CommandResult.Command.Name },
            cancellation: cancellation);

    /// <summary>A channel to the portal for commands that are no clients; as patient as those are.</summary>
    public static IRpcChannel OpenPortal(IRpcConnector connector, ParseResult parsed) =>
        connector.Open(CommonOptions.EndpointOf(parsed), new ClientOptions().ConnectPatience);
}
