using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Grapher.Collection;

/// <summary>Refuses announcements that no sender in its senses makes, before anything is allocated for them.</summary>
/// <param name="imageBytesMax">Largest slab of this process.</param>
/// <param name="provider">The data plane's provider.</param>
/// <param name="futureLimitNanoseconds">How far in the future a chunk may end.</param>
internal sealed class AnnouncementCheck(int imageBytesMax, string provider, ulong futureLimitNanoseconds)
{
    /// <summary>More than a libfabric address of any provider has.</summary>
    private const int FabricAddressBytesMax = 512;

    private const int EndpointCharactersMax = 256;

    /// <summary>Parts of one chunk: with slabs of 64 KiB still 4 GiB.</summary>
    private const uint PartsMax = 65536;

    private const int AttributesMax = 1024;

    /// <exception cref="ChronoLogException"><see cref="Status.InvalidArgument"/>: says what is wrong.</exception>
    public void Check(AnnounceChunkRequest request, ulong now)
    {
        CheckStory(request.Story);
        Require(request.Partial is { ProcessId: > 0 }, "it names no sending process");
        Require(request.StartTime < request.EndTime, $"its range [{request.StartTime}, {request.EndTime}) is empty");
        Require(
            request.EndTime <= now || request.EndTime - now <= futureLimitNanoseconds,
            $"its end {request.EndTime} lies too far after now, {now}; check the sender's clock");
        Require(request.Part < PartsMax, $"part {request.Part} is beyond the limit of {PartsMax}");
        Require(
            request.AdminEndpoint.Length is > 0 and <= EndpointCharactersMax
            && request.AdminEndpoint.StartsWith("tcp://", StringComparison.Ordinal),
            "it names no admin endpoint \"tcp://ADDRESS:PORT\"");
        CheckImage(request);
    }

    private static void CheckStory(StoryDescriptor? story)
    {
        Require(story is not null, "it names no story");
        Require(story!.Attributes.Count <= AttributesMax, $"its story has {story.Attributes.Count} attributes");
        try
        {
            Require(
                story.StoryId == story.Name.StoryId,
                $"story id {story.StoryId} is not the one of {story.Name}");
        }
        catch (ArgumentException exception)
        {
            throw Refusal(exception.Message);
        }
    }

    private void CheckImage(AnnounceChunkRequest request)
    {
        BulkDescriptor? image = request.Image;
        Require(image is not null, "it describes no image");
        Require(
            image!.FabricAddress.Length is > 0 and <= FabricAddressBytesMax, "its image has no usable fabric address");
        Require(
            image.Provider == provider,
            $"its image lies behind provider '{Shorten(image.Provider)}', and this process uses '{provider}'; "
            + "both sides must use the same");
        Require(
            image.Length <= (uint)imageBytesMax,
            $"its image of {image.Length} bytes is larger than this process's largest slab, {imageBytesMax}");
        long least = ColumnImage.RequiredBytes(request.EventCount, 0);
        Require(
            request.EventCount > 0 && image.Length >= least,
            $"{request.EventCount} events do not fit an image of {image.Length} bytes");
    }

    private static string Shorten(string text) => text.Length <= 64 ? text : string.Concat(text.AsSpan(0, 64), "...");

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw Refusal(otherwise);
        }
    }

    private static ChronoLogException Refusal(string why) =>
        new(Status.InvalidArgument, $"announcement refused: {why}");
}
