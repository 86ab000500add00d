using System.Net;
using System.Text.Json;

namespace ChronoLog.Core.Extraction;

/// <summary>
/// Reads where an extractor sends to: <c>"endpoint":"tcp://127.0.0.1:9999"</c>, or the RPC block
/// <c>"receiving_endpoint":{"rpc":{"service_ip":"127.0.0.1","service_base_port":9999,...}}</c> of the C++ ChronoLog's
/// configuration files (with or without the "rpc" level).
/// </summary>
public static class ReceivingEndpoint
{
    public const string EndpointField = "endpoint";
    public const string BlockField = "receiving_endpoint";

    /// <returns>A "tcp://" endpoint, or null when neither field is there.</returns>
    public static string? Read(ExtractorSettings settings)
    {
        if (settings.Text(EndpointField) is { } endpoint)
        {
            return endpoint.StartsWith("tcp://", StringComparison.Ordinal) && endpoint.LastIndexOf(':') > 5
                ? endpoint
                : throw settings.Error(
                    $"has \"{EndpointField}\": \"{endpoint}\", and \"tcp://ADDRESS:PORT\" is needed");
        }

        return settings.Json.TryGetProperty(BlockField, out JsonElement block) ? ReadBlock(settings, block) : null;
    }

    private static string ReadBlock(ExtractorSettings settings, JsonElement block)
    {
        if (block.ValueKind == JsonValueKind.Object && block.TryGetProperty("rpc", out JsonElement inner))
        {
            block = inner;
        }

        if (block.ValueKind == JsonValueKind.Object
            && block.TryGetProperty("service_ip", out JsonElement ip) && ip.ValueKind == JsonValueKind.String
            && IPAddress.TryParse(ip.GetString(), out IPAddress? address)
            && block.TryGetProperty("service_base_port", out JsonElement port)
            && port.ValueKind == JsonValueKind.Number && port.TryGetUInt16(out ushort number) && number > 0)
        {
            return $"tcp://{new IPEndPoint(address, number)}";
        }

        throw settings.Error(
            $"has \"{BlockField}\": {block.GetRawText()}, and an object with \"service_ip\" (an IP address) and "
            + "\"service_base_port\" (1 to 65535) is needed");
    }
}
