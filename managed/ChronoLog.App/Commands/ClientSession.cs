using System.CommandLine;
using ChronoLog.Client;

namespace ChronoLog.App.Commands;

/// <summary>Connects a command to the deployment it was pointed at.</summary>
internal static class ClientSession
{
    public static Task<ChronoClient> ConnectAsync(ParseResult parsed, CancellationToken cancellation) =>
        ChronoClient.ConnectAsync(
            new ClientOptions { Endpoint = CommonOptions.EndpointOf(parsed), Program = "chronolog " + parsed.CommandResult.Command.Name },
            cancellation: cancellation);
}
