namespace ChronoLog.Core.Following;

/// <summary>Limits of whoever serves followers.</summary>
public sealed record FollowServiceOptions
{
    /// <summary>Names the server in messages, for example "player-0".</summary>
    public string Server { get; init; } = "follow service";

    /// <summary>
    /// Questions parked at once. A parked one costs about a kilobyte, and is one of the server's calls in progress.
    /// </summary>
    public int FollowersMax { get; init; } = 3000;

    /// <summary>Stories followed at once.</summary>
    public int StoriesMax { get; init; } = 4096;

    /// <summary>
    /// Bytes of events kept for all followed stories together; each has its share, at most <see cref="StoryBytesMax"/>. Answers
    /// on their way to followers have as much again: with many of them each gets less at once, and what is larger comes by replay.
    /// </summary>
    public long BytesMax { get; init; } = 256L << 20;

    /// <summary>
    /// Bytes kept for one story: at 10 MB/s what arrives in 0.8 s, so that a follower which the scheduler held up does not
    /// have to replay.
    /// </summary>
    public long StoryBytesMax { get; init; } = 8L << 20;

    /// <summary>Most bytes of one answer, but for a larger batch: what ZeroMQ carries well; more than that comes by replay.</summary>
    public int ReplyBytesMax { get; init; } = 1 << 20;

    /// <summary>Longest that a question stays parked, whatever it asks for.</summary>
    public TimeSpan WaitMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A story that nobody asked for this long is not followed any more.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Least time between two rounds of answers, per parked question: an answer costs about 50 µs here and 100 at the
    /// follower, so many followers get larger batches instead of all of the node's processors. One follower waits for
    /// nothing. Zero: no pause.
    /// </summary>
    public TimeSpan PausePerFollower { get; init; } = TimeSpan.Zero;

    /// <summary>Most that the pause grows to.</summary>
    public TimeSpan PauseMax { get; init; } = TimeSpan.FromSeconds(1);
}
