using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;

namespace ChronoLog.Transport.Rings;

/// <summary>
/// The recording side of one connected client, as whoever manages its rings sees it: the port between that logic and the
/// recorder in C, with which a simulation puts a model in its place. What happens per event is not part of it.
/// </summary>
public interface IRecorderSession : IDisposable
{
    /// <inheritdoc cref="RecorderSession.ReplacesRings"/>
    bool ReplacesRings { set; }

    /// <inheritdoc cref="RecorderSession.Last"/>
    (ulong Tick, uint Index) Last { get; }

    /// <inheritdoc cref="RecorderSession.Bound"/>
    void Bound(EventTimeBounds bounds);

    /// <inheritdoc cref="RecorderSession.AddRing(OpenRingReply)"/>
    RecorderRing AddRing(OpenRingReply reply);

    /// <inheritdoc cref="RecorderSession.AddRing(IMirroredRing)"/>
    RecorderRing AddRing(IMirroredRing ring);

    /// <inheritdoc cref="RecorderSession.Look"/>
    (TimeSpan Silence, bool IsClosed) Look(RecorderRing ring);

    /// <inheritdoc cref="RecorderSession.TryMoveRing"/>
    bool TryMoveRing(RecorderRing from, RecorderRing to, TimeSpan timeout, out long events);

    /// <inheritdoc cref="RecorderSession.TryRetireRing"/>
    bool TryRetireRing(RecorderRing ring);

    /// <inheritdoc cref="RecorderSession.OpenStory"/>
    IStoryWriter OpenStory(ulong storyId, Placement placement, IReadOnlyList<RecorderRing> rings, int replicas);
}
