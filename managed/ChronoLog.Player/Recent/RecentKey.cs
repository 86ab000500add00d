using ChronoLog.Core.Protocol;

namespace ChronoLog.Player.Recent;

/// <summary>What makes an announced chunk (or part of one) the same as another.</summary>
internal readonly record struct RecentKey(ulong StoryId, ulong ProcessId, ulong Epoch, ulong Sequence, uint Part)
{
    public static RecentKey Of(AnnounceChunkRequest request) => new(
        request.Story.StoryId,
        request.Partial.ProcessId,
        request.Partial.Epoch,
        request.Partial.Sequence,
        request.Part);
}
