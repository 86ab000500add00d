using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Playback;

/// <summary>The part of another source that was asked for.</summary>
public sealed class RangeSource(IReadSource source, ulong start, ulong end) : IReadSource
{
    public string Name => source.Name;

    public ulong EventEstimate => 0;

    public IReadOnlyList<Gap> Gaps => source.Gaps;

    public async ValueTask<EventRun?> NextAsync(CancellationToken cancellation)
    {
        while (await source.NextAsync(cancellation) is { } run)
        {
            EventRun? inside = run.Range(start, end);
            run.Release();
            if (inside is not null)
            {
                return inside;
            }
        }

        return null;
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();
}
