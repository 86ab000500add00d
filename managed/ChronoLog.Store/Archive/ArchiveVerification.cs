namespace ChronoLog.Store.Archive;

/// <summary>Result of <c>archive verify</c>.</summary>
/// <param name="Files">StoryFiles looked at.</param>
/// <param name="Bytes">Their lengths together.</param>
/// <param name="Events">Events in the sound ones.</param>
/// <param name="Findings">Empty when all is well.</param>
public sealed record ArchiveVerification(long Files, long Bytes, long Events, IReadOnlyList<ArchiveFinding> Findings)
{
    /// <summary>Events whose identity another event of other bytes has, kept apart.</summary>
    public long Conflicts { get; init; }

    /// <summary>Damaged files whose events are all in sound ones again: kept, and of no account.</summary>
    public long Rebuilt { get; init; }
}
