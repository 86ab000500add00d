using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Player.Planning;

/// <summary>What a member of the group said to a read.</summary>
/// <param name="Member">Keeper or Grapher.</param>
/// <param name="Source">Null when it cannot be read.</param>
/// <param name="Failure">Why not; names the member.</param>
internal sealed record TierAnswer(ProcessIdentity Member, RemoteReadSource? Source, string? Failure)
{
    public ulong Watermark => Source?.Watermark ?? 0;
}
