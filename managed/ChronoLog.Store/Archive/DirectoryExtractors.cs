using ChronoLog.Core.Extraction;

namespace ChronoLog.Store.Archive;

/// <summary>Types of extractors whose only setting is the directory that they write into.</summary>
internal static class DirectoryExtractors
{
    /// <param name="registry">Gets the type.</param>
    /// <param name="type">Its name in settings.</param>
    /// <param name="field">The setting.</param>
    /// <param name="create">From the extractor's name and the directory; an IOException says why it cannot be used.</param>
    public static void AddWithDirectory(
        this ExtractorRegistry registry, string type, string field, Func<string, string, IChunkExtractor> create) =>
        registry.Add(type, settings =>
        {
            settings.AllowOnly(field);
            string directory = settings.RequiredText(field);
            try
            {
                return create(settings.Name, directory);
            }
            catch (IOException exception)
            {
                throw settings.Error($"cannot use its directory: {exception.Message}");
            }
        });
}
