namespace ChronoLog.Extensions.Logging;

/// <summary>What becomes of a log record that there is no room for: the ring is full, or the deployment away for long.</summary>
public enum WhenFull
{
    /// <summary>It is dropped at once, and counted.</summary>
    Drop,

    /// <summary>The caller waits for room, for <see cref="ChronoLoggerOptions.BlockTimeout"/> at most; then it is dropped.</summary>
    Block,
}
