using System.Text.Json;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Extraction;

/// <summary>
/// The extraction module's JSON, checked:
/// <c>{"extraction_stream_count":1,"extractors":{"NAME":{"type":"hdf5_extractor","hdf5_archive_dir":"..."}}}</c>.
/// </summary>
/// <param name="StreamCount">Chunks that are extracted at once.</param>
/// <param name="Extractors">The chain, in the order of the file.</param>
public sealed record ExtractionSettings(int StreamCount, IReadOnlyList<ExtractorSettings> Extractors)
{
    /// <summary>Each stream is a thread; more than this many only queue up at the disk.</summary>
    public const int StreamCountMax = 64;

    private const string CountField = "extraction_stream_count";
    private const string ChainField = "extractors";

    /// <exception cref="ChronoLogException">
    /// <see cref="Status.InvalidArgument"/>: names the field, its value and what is allowed.
    /// </exception>
    public static ExtractionSettings Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return Parse(document.RootElement);
        }
        catch (JsonException exception)
        {
            throw new ChronoLogException(
                Status.InvalidArgument, $"extraction module: not JSON: {exception.Message}", exception);
        }
    }

    /// <inheritdoc cref="Parse(string)"/>
    public static ExtractionSettings Parse(JsonElement module)
    {
        if (module.ValueKind != JsonValueKind.Object)
        {
            throw Error($"is {module.ValueKind}, and an object with \"{CountField}\" and \"{ChainField}\" is needed");
        }

        foreach (JsonProperty property in module.EnumerateObject())
        {
            if (property.Name is not (CountField or ChainField))
            {
                throw Error($"has the unknown field \"{property.Name}\"; known: {CountField}, {ChainField}");
            }
        }

        return new ExtractionSettings(ReadStreamCount(module), ReadChain(module));
    }

    private static int ReadStreamCount(JsonElement module)
    {
        if (!module.TryGetProperty(CountField, out JsonElement value))
        {
            return 1;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int count)
            && count is > 0 and <= StreamCountMax
            ? count
            : throw Error(
                $"has \"{CountField}\": {value.GetRawText()}, and a number from 1 to {StreamCountMax} is needed");
    }

    private static List<ExtractorSettings> ReadChain(JsonElement module)
    {
        if (!module.TryGetProperty(ChainField, out JsonElement chain) || chain.ValueKind != JsonValueKind.Object)
        {
            throw Error($"lacks the object \"{ChainField}\": {{\"NAME\":{{\"type\":...}}}}");
        }

        var extractors = new List<ExtractorSettings>();
        foreach (JsonProperty property in chain.EnumerateObject())
        {
            if (extractors.Any(extractor => extractor.Name == property.Name))
            {
                throw Error($"names the extractor \"{property.Name}\" twice");
            }

            extractors.Add(ReadExtractor(property));
        }

        return extractors.Count > 0
            ? extractors
            : throw Error($"has no extractor in \"{ChainField}\"; at least one is needed");
    }

    private static ExtractorSettings ReadExtractor(JsonProperty property)
    {
        if (property.Value.ValueKind != JsonValueKind.Object
            || !property.Value.TryGetProperty("type", out JsonElement type)
            || type.ValueKind != JsonValueKind.String)
        {
            throw Error($"has the extractor \"{property.Name}\" without a text \"type\"");
        }

        return new ExtractorSettings(property.Name, type.GetString()!, property.Value.Clone());
    }

    private static ChronoLogException Error(string what) => new(Status.InvalidArgument, $"extraction module {what}");
}
