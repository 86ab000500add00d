using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Extraction;

/// <summary>The types of extractors that a process offers, and how each is made from its settings.</summary>
public sealed class ExtractorRegistry
{
    private readonly SortedDictionary<string, Func<ExtractorSettings, IChunkExtractor>> factories =
        new(StringComparer.Ordinal);

    /// <summary>Registers a type; a factory refuses its settings by <see cref="ExtractorSettings.Error"/>.</summary>
    public void Add(string type, Func<ExtractorSettings, IChunkExtractor> factory) => factories.Add(type, factory);

    /// <summary>Makes the chain, in order.</summary>
    /// <exception cref="ChronoLogException">
    /// <see cref="Status.InvalidArgument"/>: an unknown type (the known ones are named), or
    /// settings that a type refuses.
    /// </exception>
    public IReadOnlyList<IChunkExtractor> Build(ExtractionSettings settings)
    {
        var chain = new List<IChunkExtractor>();
        foreach (ExtractorSettings extractor in settings.Extractors)
        {
            if (!factories.TryGetValue(extractor.Type, out Func<ExtractorSettings, IChunkExtractor>? factory))
            {
                throw extractor.Error($"cannot be made: unknown type; known: {string.Join(", ", factories.Keys)}");
            }

            chain.Add(factory(extractor));
        }

        return chain;
    }
}
