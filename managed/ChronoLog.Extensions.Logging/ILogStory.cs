namespace ChronoLog.Extensions.Logging;

/// <summary>A story that takes log records, on a connection of its own.</summary>
internal interface ILogStory : IAsyncDisposable
{
    /// <summary>Records one. Throws a ChronoLogException when it is not recorded.</summary>
    void Record(ReadOnlySpan<byte> record);

    /// <summary>Waits until what was recorded has reached the chronicle's level, and gives the story back.</summary>
    Task ReleaseAsync(CancellationToken cancellation);
}
