using System.CommandLine;
using ChronoLog.Core.Protocol;

namespace ChronoLog.App.Commands;

/// <summary>Options that every command understands, in any position.</summary>
internal static class CommonOptions
{
    public const string EndpointVariable = "CHRONOLOG_ENDPOINT";

    public static readonly Option<string?> Endpoint = new("--endpoint")
    {
        Description = $"Visor's client portal, tcp://ADDRESS:PORT; default: ${EndpointVariable}, else tcp://127.0.0.1:5555",
        HelpName = "ADDRESS",
        Recursive = true,
    };

    public static readonly Option<bool> Json = new("--json")
    {
        Description = "Machine-readable output: one JSON object, or one per line",
        Recursive = true,
    };

    /// <summary>The portal to talk to, checked.</summary>
    public static string EndpointOf(ParseResult parsed)
    {
        string endpoint = parsed.GetValue(Endpoint)
            ?? Environment.GetEnvironmentVariable(EndpointVariable)
            ?? "tcp://127.0.0.1:5555";
        if (!endpoint.Contains("://", StringComparison.Ordinal))
        {
            endpoint = "tcp://" + endpoint;
        }

        return Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri) && uri.Scheme == "tcp" && uri.Port > 0
            ? endpoint
            : throw new ChronoLogException(
                Status.InvalidArgument, $"'{endpoint}' is no endpoint; expected tcp://ADDRESS:PORT");
    }
}
