using ChronoLog.Core.Model;

namespace ChronoLog.Transport.Rings;

/// <summary>A story's writer as whoever manages its rings sees it; see <see cref="IRecorderSession"/>.</summary>
public interface IStoryWriter : IDisposable
{
    /// <inheritdoc cref="StoryWriter.FullTimeout"/>
    TimeSpan FullTimeout { set; }

    /// <inheritdoc cref="StoryWriter.Trouble"/>
    Func<string?>? Trouble { set; }

    /// <inheritdoc cref="StoryWriter.AllowOwnTimes"/>
    void AllowOwnTimes();

    /// <inheritdoc cref="StoryWriter.SetRings"/>
    void SetRings(IReadOnlyList<RecorderRing> rings);

    /// <inheritdoc cref="StoryWriter.IsSealed"/>
    bool IsSealed { set; }

    /// <inheritdoc cref="StoryWriter.TryFlush"/>
    bool TryFlush(DurabilityLevel level);

    /// <summary>Completes when everything that was recorded so far has reached the level.</summary>
    /// <exception cref="Core.Protocol.ChronoLogException">TimedOut, NoKeepers, NotSupported.</exception>
    Task FlushAsync(DurabilityLevel level, TimeSpan timeout);
}
