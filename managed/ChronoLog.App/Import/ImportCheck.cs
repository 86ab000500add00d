using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.App.Import;

/// <summary>Replays what was imported: every event is there, once.</summary>
internal static class ImportCheck
{
    /// <exception cref="ChronoLogException">Partial: the replay has gaps. Internal: events are missing.</exception>
    public static async Task RunAsync(
        ChronoClient client, StoryDescriptor story, ImportedFile file, CancellationToken cancellation)
    {
        HashSet<ulong> ids = [.. file.Source.ClientIds];
        long found = 0;
        await using Replay replay = await client.ReplayAsync(
            story.Chronicle, story.Story, file.First, file.Last + 1, cancellation: cancellation);
        await foreach (EventPage page in replay.WithCancellation(cancellation))
        {
            foreach (ref readonly EventEntry entry in page.Events)
            {
                found += ids.Contains(entry.ClientId) ? 1 : 0;
            }
        }

        if (found < file.Events)
        {
            throw replay.Status == Status.Partial
                ? new ChronoLogException(
                    Status.Partial,
                    $"{file.Path}: a replay has {found} of {file.Events} events and gaps, the first because "
                    + replay.Gaps[0].Reason)
                : new ChronoLogException(
                    Status.Internal, $"{file.Path}: a replay has {found} of {file.Events} events; run the import again");
        }
    }
}
