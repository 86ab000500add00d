using ChronoLog.Client;

namespace ChronoLog.Extensions.Logging;

/// <summary>A client that holds the story.</summary>
internal sealed class StoryConnection : ILogStory
{
    private readonly ChronoClient client;
    private readonly StoryHandle story;

    private StoryConnection(ChronoClient client, StoryHandle story)
    {
        this.client = client;
        this.story = story;
    }

    public static async Task<ILogStory> OpenAsync(ChronoLoggerOptions options, CancellationToken cancellation)
    {
        TimeSpan patience = options.WhenFull == WhenFull.Block ? options.BlockTimeout : TimeSpan.Zero;
        ClientOptions connect = options.Client with { FullTimeout = patience, ReleaseTimeout = options.CloseTimeout };
        ChronoClient client = await ChronoClient.ConnectAsync(connect, cancellation: cancellation).ConfigureAwait(false);
        try
        {
            StoryHandle story = await client.AcquireStoryAsync(
                options.Chronicle, options.Story, createChronicle: true, cancellation: cancellation).ConfigureAwait(false);
            return new StoryConnection(client, story);
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public void Record(ReadOnlySpan<byte> record) => story.LogEvent(record);

    public Task ReleaseAsync(CancellationToken cancellation) =>
        client.ReleaseStoryAsync(story.Chronicle, story.Story, cancellation);

    public ValueTask DisposeAsync() => client.DisposeAsync();
}
