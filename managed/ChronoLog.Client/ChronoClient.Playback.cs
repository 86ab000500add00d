using System.Runtime.CompilerServices;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Client;

/// <summary>Reading stories: no need to hold them.</summary>
public sealed partial class ChronoClient
{
    /// <summary>Most identities that a tail remembers above the watermark, to show no event twice.</summary>
    private const int TailMemoryMax = 4 << 20;

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

        StoryReply route = await CallAsync(Methods.RouteReplay, ForStory(chronicle, story), cancellation)
            .ConfigureAwait(ports.StaysOnContext);
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
        return await Replay.OpenAsync(playback.Value, route, request, options.ReplayDeadline, cancellation)
            .ConfigureAwait(ports.StaysOnContext);
    }

    /// <summary>
    /// History from a tick onward and then live, until cancelled: every event once, in order within each look at the
    /// story; an event that becomes visible late comes late.
    /// </summary>
    /// <param name="chronicle">Of the story.</param>
    /// <param name="story">To follow.</param>
    /// <param name="from">ChronoTick, inclusive.</param>
    /// <param name="period">Pause between two looks.</param>
    /// <param name="cancellation">Ends the tail.</param>
    public async IAsyncEnumerable<EventPage> TailAsync(
        string chronicle,
        string story,
        ulong from,
        TimeSpan period,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ulong low = from;
        var seen = new HashSet<EventSequence>();
        while (true)
        {
            await using (Replay replay = await ReplayAsync(chronicle, story, low, cancellation: cancellation)
                .ConfigureAwait(ports.StaysOnContext))
            {
                await foreach (EventPage page in replay.WithCancellation(cancellation).ConfigureAwait(ports.StaysOnContext))
                {
                    foreach (EventPage part in Unseen(page, seen))
                    {
                        yield return part;
                    }
                }

                low = Math.Max(low, Forget(seen, CompleteBelow(replay)));
            }

            await ports.Timers.Delay(period, cancellation).ConfigureAwait(ports.StaysOnContext);
        }
    }

    // The stretches of a page that were not shown before.
    private static IEnumerable<EventPage> Unseen(EventPage page, HashSet<EventSequence> seen)
    {
        int start = 0;
        int count = page.Count;
        for (int i = 0; i <= count; i++)
        {
            if (i < count && seen.Add(page.Events[i].Sequence))
            {
                continue;
            }

            if (i > start)
            {
                using EventPage part = page.Slice(start, i - start);
                yield return part;
            }

            start = i + 1;
        }
    }

    // A gap that reaches to the end of the range is a look that broke off, or somebody who did not answer: its events
    // may still come, whatever the watermark was. One that ends before that is a loss, and is passed over.
    private static ulong CompleteBelow(Replay replay) => replay.Gaps
        .Where(gap => gap.EndTime == ulong.MaxValue)
        .Select(gap => gap.StartTime)
        .Append(replay.Watermark)
        .Min();

    // Below the watermark nothing changes any more: what lies there need not be read or remembered again. Should the
    // watermark stand still for millions of events, the oldest are given up rather than memory: late ones could then be missed.
    private static ulong Forget(HashSet<EventSequence> seen, ulong watermark)
    {
        ulong low = watermark;
        if (seen.Count > TailMemoryMax)
        {
            ulong[] times = [.. seen.Select(sequence => sequence.EventTime).Order()];
            low = Math.Max(low, times[^(TailMemoryMax / 2)]);
        }

        seen.RemoveWhere(sequence => sequence.EventTime < low);
        return low;
    }
}
