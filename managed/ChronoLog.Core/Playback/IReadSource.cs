using ChronoLog.Core.Chunk;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback;

/// <summary>
/// One contribution to a read (a tier's snapshot, another process's cursor, a chain of StoryFiles): sorted runs in
/// ascending order. One reader at a time.
/// </summary>
public interface IReadSource : IAsyncDisposable
{
    /// <summary>For messages: "hot tier of keeper-0 at tcp://127.0.0.1:4444".</summary>
    string Name { get; }

    /// <summary>Events that will come, duplicates included; a guess, 0 = unknown.</summary>
    ulong EventEstimate { get; }

    /// <summary>Ranges that this source should have held and could not give. Final once <see cref="NextAsync"/> gave null.</summary>
    IReadOnlyList<Gap> Gaps { get; }

    /// <summary>
    /// The next run, or null at the end. Its first event is not before the last one of the run before it. The caller
    /// receives a reference of its own and releases it.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    ValueTask<EventRun?> NextAsync(CancellationToken cancellation);
}
