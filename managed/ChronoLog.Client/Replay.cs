using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Client;

/// <summary>
/// A replay of one range of a story: a snapshot taken when it was opened, merged over all tiers, in total order. Enumerate
/// it once; the result (complete or PARTIAL, the watermark) is known at the end. Disposing it early frees the Player.
/// </summary>
public sealed class Replay : IAsyncEnumerable<EventPage>, IAsyncDisposable
{
    private readonly PlaybackContext context;
    private readonly RemoteReadSource source;

    private Replay(PlaybackContext context, RemoteReadSource source)
    {
        this.context = context;
        this.source = source;
    }

    /// <summary>ChronoTick below which the story's set of events was complete when last stated.</summary>
    public ulong Watermark => source.Watermark;

    /// <summary>Ranges that may be missing; final once the enumeration has ended. Not empty = PARTIAL.</summary>
    public IReadOnlyList<Gap> Gaps => source.Gaps;

    /// <summary><see cref="Status.Ok"/> or <see cref="Status.Partial"/>; final once the enumeration has ended.</summary>
    public Status Status => Gaps.Count == 0 ? Status.Ok : Status.Partial;

    internal static async Task<Replay> OpenAsync(
        PlaybackContext context, StoryReply route, OpenReadRequest request, TimeSpan deadline,
        CancellationToken cancellation)
    {
        RemoteReadSource source = await context.RunAsync(() => RemoteReadSource.OpenAsync(
            context.ChannelTo(route.Group.Player),
            context.BulkFor(route.Group.Player),
            context.Timers,
            request,
            new RemoteReadOptions
            {
                Name = $"player at {route.Group.Player.ServiceEndpoint}",
                OpenDeadline = deadline,
                PageDeadline = deadline,
            },
            cancellation)).ConfigureAwait(context.StaysOnContext);
        return new Replay(context, source);
    }

    /// <summary>Pages in ascending order. A page is disposed when the next one is asked for; see <see cref="EventPage.Keep"/>.</summary>
    public async IAsyncEnumerator<EventPage> GetAsyncEnumerator(
        CancellationToken cancellation = default)
    {
        while (true)
        {
            EventRun? run = await context.RunAsync(() => source.NextAsync(cancellation))
                .ConfigureAwait(context.StaysOnContext);
            if (run is null)
            {
                yield break;
            }

            using var page = new EventPage(run);
            yield return page;
        }
    }

    /// <summary>Ends it, and frees what the Player holds for it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (context.IsDisposed)
        {
            return;
        }

        try
        {
            await context.RunAsync(async () =>
            {
                await source.DisposeAsync();
                return true;
            }).ConfigureAwait(context.StaysOnContext);
        }
        catch (ChronoLogException exception) when (exception.Status == Status.NoConnection)
        {
            // The client was disposed meanwhile, and the Player closes the cursor by its lease.
        }
    }
}
