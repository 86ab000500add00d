using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback;

/// <summary>A page of another process's cursor: whoever can pull it from there need not get it from here.</summary>
/// <param name="number">Its number in its cursor.</param>
/// <param name="page">Where it lies. It stays there until the page after the next one is asked for.</param>
/// <param name="isForeign">It lies in the memory of a third process.</param>
/// <param name="count">Events in it, at least 1.</param>
/// <param name="first">Its first event.</param>
/// <param name="last">Its last event.</param>
internal sealed class RemotePage(
    ulong number, BulkDescriptor page, bool isForeign, int count, EventSequence first, EventSequence last)
    : PageOffer(count, first, last)
{
    public ulong Number { get; } = number;

    public BulkDescriptor Page { get; } = page;

    public bool IsForeign { get; } = isForeign;

    /// <summary>The source's: the page on its way here, or here.</summary>
    public Task<EventRun?>? Pulling { get; set; }

    /// <summary>
    /// Completes when the page's bytes have been read: the next page may be asked for, and is, while they are verified.
    /// </summary>
    public TaskCompletionSource Arrived { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
