using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Grapher.Notices;

/// <summary>
/// Tells the group's Player of StoryFiles that appeared and stories that went away, in order, and then does what waited
/// for it: letting go of the chunk's memory. Each notice is repeated until it is acknowledged, there is no Player, or
/// its limit has passed. On the role's strand.
/// </summary>
internal sealed class PlayerNotices(NoticeContext context)
{
    private readonly Queue<(StoryFileNotice Notice, Action Then, long Limit)> queue = new();
    private bool delivering;

    public int Waiting => queue.Count;

    /// <param name="notice">What to tell.</param>
    /// <param name="then">
    /// Runs exactly once, also when the Player could not be told; not when the process stops first.
    /// </param>
    public void Add(StoryFileNotice notice, Action then)
    {
        long limit = (long)context.Options.PlayerNoticeLimit.TotalNanoseconds;
        queue.Enqueue((notice, then, context.Timers.MonotonicNanoseconds + limit));
        if (!delivering)
        {
            delivering = true;
            _ = DeliverAsync(); // ends by itself and never fails
        }
    }

    private async Task DeliverAsync()
    {
        try
        {
            while (queue.TryPeek(out (StoryFileNotice Notice, Action Then, long Limit) next))
            {
                await TellAsync(next.Notice, next.Limit);
                queue.Dequeue().Then();
            }
        }
        catch (OperationCanceledException)
        {
        }

        delivering = false;
    }

    private async ValueTask TellAsync(StoryFileNotice notice, long limit)
    {
        for (int attempt = 1; context.View()?.Player is { } player; attempt++)
        {
            try
            {
                IRpcChannel channel = await context.Channels.OpenAsync(player.AdminEndpoint);
                await channel.CallAsync(
                    Methods.StoryFileAppeared, notice, context.Options.NoticeDeadline, context.Stop);
                return;
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                if (context.Timers.MonotonicNanoseconds >= limit)
                {
                    context.Logger.LogWarning(
                        "player {Name} at {Endpoint} was not told of {File}: {Reason}; it finds it when it reads the "
                        + "directory",
                        player.Name, player.AdminEndpoint, notice.Path, exception.Message);
                    return;
                }
            }

            await context.Timers.Delay(context.Options.Backoff.After(attempt), context.Stop);
        }
    }
}
