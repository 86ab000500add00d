using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Client;

/// <summary>Reading stories: no need to hold them.</summary>
public sealed partial class ChronoClient
{
    /// <summary>
    /// Opens a replay of the events in [start, end): a snapshot that holds every event whose recording returned before
    /// this call, whatever tier it is in.
    /// </summary>
    /// <param name="chronicle">Of the story.</param>
    /// <param name="story">To read; need not be acquired.</param>
    /// <param name="start">ChronoTick, inclusive.</param>
    /// <param name="end">ChronoTick, exclusive.</param>
    /// <param name="eventLimit">Most events; 0 = all.</param>
    /// <param name="cancellation">Of the opening.</param>
    /// <exception cref="ChronoLogException">NotExist, NoPlayers, TimedOut, LimitExceeded.</exception>
    public async Task<Replay> ReplayAsync(
        string chronicle,
        string story,
        ulong start = 0,
        ulong end = ulong.MaxValue,
        ulong eventLimit = 0,
        CancellationToken cancellation = default)
    {
        if (start > end)
        {
            throw new ChronoLogException(Status.InvalidArgument, $"the range starts at {start}, after its end {end}");
        }

        StoryReply route = await RouteAsync(chronicle, story, cancellation).ConfigureAwait(ports.StaysOnContext);
        OpenReadRequest request = ForRead(route, start, end, eventLimit);
        return await Replay.OpenAsync(playback.Value, route, request, options.ReplayDeadline, cancellation)
            .ConfigureAwait(ports.StaysOnContext);
    }

    /// <summary>
    /// Follows a story until cancelled: history from a tick onward, then live, every event once, nothing missed at the seam.
    /// Goes on when the Player, a Keeper or the Visor is restarted, and when the story moves to another group. A follower
    /// that is too slow reads what it missed by replays; it delays nobody.
    /// </summary>
    /// <param name="chronicle">Of the story.</param>
    /// <param name="story">To follow; need not be acquired by anybody.</param>
    /// <param name="from">ChronoTick, inclusive.</param>
    /// <param name="mode">In which order events are shown that are recorded meanwhile.</param>
    /// <param name="cancellation">Ends the playback.</param>
    /// <returns>Pages; some without events, which say that something may be missing, or not any more.</returns>
    /// <exception cref="ChronoLogException">NotExist: there is no such story, or it was destroyed.</exception>
    public IAsyncEnumerable<PlaybackPage> PlaybackAsync(
        string chronicle,
        string story,
        ulong from,
        PlaybackMode mode = PlaybackMode.Ordered,
        CancellationToken cancellation = default) =>
        new Following.Playback(this, ports, chronicle, story, from, mode).RunAsync(cancellation);

    /// <summary>One story, for reading.</summary>
    public StoryReader ReaderOf(string chronicle, string story) => new(this, chronicle, story);

    /// <summary>A number for a follower, of its own among this client's.</summary>
    internal ulong NextFollower() => Interlocked.Increment(ref lastFollower);

    internal bool IsClosing => closing.IsCancellationRequested;

    internal Task<StoryReply> RouteAsync(string chronicle, string story, CancellationToken cancellation) =>
        CallAsync(Methods.RouteReplay, ForStory(chronicle, story), cancellation);

    internal Task<IRpcChannel> PlayerChannelAsync(ProcessIdentity player) =>
        playback.Value.RunAsync(() => ValueTask.FromResult(playback.Value.ChannelTo(player)));

    /// <param name="route">Of the story.</param>
    /// <param name="start">ChronoTick, inclusive.</param>
    /// <param name="end">ChronoTick, exclusive.</param>
    /// <param name="isRaw">Every event as it is stored, whatever the chronicle's collision policy.</param>
    /// <param name="cancellation">Of the opening.</param>
    internal Task<Replay> OpenReplayAsync(
        StoryReply route, ulong start, ulong end, bool isRaw, CancellationToken cancellation)
    {
        OpenReadRequest request = ForRead(route, start, end, eventLimit: 0);
        if (isRaw)
        {
            request.Story = new StoryDescriptor(route.Story);
            request.Story.Attributes.Remove(ChronicleAttributes.CollisionKey);
        }

        return Replay.OpenAsync(playback.Value, route, request, options.ReplayDeadline, cancellation);
    }

    private OpenReadRequest ForRead(StoryReply route, ulong start, ulong end, ulong eventLimit)
    {
        var request = new OpenReadRequest
        {
            Story = route.Story,
            StartTime = start,
            EndTime = end,
            ClientId = ClientId,
            EventLimit = eventLimit,
            PageBytes = (uint)options.ReplayPageBytes,
            AcceptsForeignPages = true,
            View = route.Group,
        };
        request.EarlierGroups.AddRange(route.EarlierGroups);
        request.EarlierViews.AddRange(route.EarlierViews);
        return request;
    }
}
