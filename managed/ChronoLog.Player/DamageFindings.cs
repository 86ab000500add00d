using ChronoLog.Core.Protocol;
using ChronoLog.Player.Planning;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Player;

/// <summary>
/// Tells the Grapher, whose archive it is, of StoryFiles that replays found damaged. Not repeated: the next replay that
/// meets the damage tells it again. On the role's strand.
/// </summary>
internal sealed class DamageFindings(
    TierChannels channels, Func<ProcessIdentity?> grapher, PlayerOptions options, ILogger logger)
{
    private readonly HashSet<string> telling = [];

    public void Tell(string path, CancellationToken stop)
    {
        if (telling.Add(path))
        {
            _ = TellAsync(path, stop); // ends by itself and never fails
        }
    }

    private async Task TellAsync(string path, CancellationToken stop)
    {
        try
        {
            if (grapher() is { } owner)
            {
                await channels.Get(owner.AdminEndpoint).CallAsync(
                    Methods.StoryFileDamaged, new StoryFileNotice { Path = path }, options.TierDeadline, stop);
            }
        }
        catch (Exception exception)
        {
            logger.LogWarning(
                "{Name}: the Grapher was not told that {Path} is damaged: {Reason}", options.Name, path, exception.Message);
        }

        telling.Remove(path);
    }
}
