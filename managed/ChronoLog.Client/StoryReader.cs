namespace ChronoLog.Client;

/// <summary>Reads one story. Made by <see cref="ChronoClient.ReaderOf"/>; holds nothing.</summary>
public sealed class StoryReader
{
    private readonly ChronoClient client;

    internal StoryReader(ChronoClient client, string chronicle, string story)
    {
        this.client = client;
        Chronicle = chronicle;
        Story = story;
    }

    /// <summary>The story's chronicle.</summary>
    public string Chronicle { get; }

    /// <summary>Its name there.</summary>
    public string Story { get; }

    /// <inheritdoc cref="ChronoClient.ReplayAsync"/>
    public Task<Replay> ReplayAsync(
        ulong start = 0, ulong end = ulong.MaxValue, ulong eventLimit = 0, CancellationToken cancellation = default) =>
        client.ReplayAsync(Chronicle, Story, start, end, eventLimit, cancellation);

    /// <inheritdoc cref="ChronoClient.PlaybackAsync"/>
    public IAsyncEnumerable<PlaybackPage> PlaybackAsync(
        ulong from, PlaybackMode mode = PlaybackMode.Ordered, CancellationToken cancellation = default) =>
        client.PlaybackAsync(Chronicle, Story, from, mode, cancellation);
}
