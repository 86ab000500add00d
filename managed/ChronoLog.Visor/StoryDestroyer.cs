using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Visor;

/// <summary>
/// Destroys stories and chronicles. A story is gone when every process of its groups has destroyed its part, for what
/// one of them keeps would come back in a later story of the same name. Until then it is being destroyed, durably: nobody
/// sees or acquires it, and <see cref="RepeatAsync"/> tells those that were silent again.
/// </summary>
internal sealed class StoryDestroyer(
    ChronicleDirectory directory,
    ProcessRegistry registry,
    GroupRoster roster,
    ClientRegistry clients,
    RecordingNotifier notifier,
    ILogger logger)
{
    // Who has destroyed its part, by process id and epoch: one that was restarted is told again.
    private readonly Dictionary<ulong, HashSet<(ulong ProcessId, ulong Epoch)>> confirmed = [];
    private readonly Dictionary<ulong, Task<IReadOnlyList<string>>> running = [];

    /// <exception cref="ChronoLogException">
    /// Acquired; NoConnection: accepted, and not done because of who is named.
    /// </exception>
    public async ValueTask<Empty> DestroyStoryAsync(StoryRequest request)
    {
        clients.Hear(request.ClientId);
        StoryRecord story = directory.FindStory(request.Chronicle, request.Story)
            ?? throw Failure.NoStory(request.Chronicle, request.Story);
        clients.CheckFree(story);
        directory.BeginDestroying(story);
        IReadOnlyList<string> silent = await AdvanceAsync(story);
        return silent.Count == 0
            ? new Empty()
            : throw Failure.DestroyingGoesOn($"story '{story.Chronicle}/{story.Story}'", silent);
    }

    /// <exception cref="ChronoLogException">As for a story.</exception>
    public async ValueTask<Empty> DestroyChronicleAsync(ChronicleRequest request)
    {
        clients.Hear(request.ClientId);
        List<StoryRecord> stories = [.. directory.AllStoriesOf(request.Chronicle)];
        stories.ForEach(clients.CheckFree);
        directory.BeginDestroying(request.Chronicle);
        foreach (StoryRecord story in stories)
        {
            // The first that is not answered for is enough: the others are repeated with it.
            if (await AdvanceAsync(story) is { Count: > 0 } silent)
            {
                throw Failure.DestroyingGoesOn($"chronicle '{request.Chronicle}'", silent);
            }
        }

        directory.RemoveIfDestroyed(request.Chronicle);
        return new Empty();
    }

    /// <summary>Tries once more to finish whatever is being destroyed.</summary>
    public async ValueTask RepeatAsync(CancellationToken cancellation)
    {
        foreach (StoryRecord story in directory.StoriesBeingDestroyed.ToList())
        {
            cancellation.ThrowIfCancellationRequested();
            await AdvanceAsync(story);
        }

        foreach (ChronicleRecord chronicle in directory.ChroniclesBeingDestroyed.ToList())
        {
            directory.RemoveIfDestroyed(chronicle.Name);
        }
    }

    /// <summary>Whose answer a story that is being destroyed waits for.</summary>
    public IReadOnlyList<string> WaitingFor(StoryRecord story) =>
        [.. Members(story).Where(member => !IsConfirmed(story, member.Process)).Select(Describe)];

    // One attempt at a time for a story, whoever asks.
    private async Task<IReadOnlyList<string>> AdvanceAsync(StoryRecord story)
    {
        if (!directory.IsBeingDestroyed(story))
        {
            return []; // gone while others of a list were waited for; one of the same name may have come, which is nobody's to destroy
        }

        if (!running.TryGetValue(story.StoryId, out Task<IReadOnlyList<string>>? attempt))
        {
            attempt = TellAsync(story);
            if (!attempt.IsCompleted)
            {
                running.Add(story.StoryId, attempt);
            }
        }

        return await attempt;
    }

    /// <returns>Who is silent; empty when the story is gone.</returns>
    private async Task<IReadOnlyList<string>> TellAsync(StoryRecord story)
    {
        try
        {
            while (WaitingFor(story).Count > 0)
            {
                if (!await TellOnceAsync(story))
                {
                    return WaitingFor(story);
                }
            }

            directory.DestroyStory(story);
            confirmed.Remove(story.StoryId);
            logger.LogInformation("story {Chronicle}/{Story} is destroyed", story.Chronicle, story.Story);
            return [];
        }
        finally
        {
            running.Remove(story.StoryId);
        }
    }

    /// <returns>Whether all who were told have confirmed, and there was somebody to tell.</returns>
    private async Task<bool> TellOnceAsync(StoryRecord story)
    {
        if (!confirmed.TryGetValue(story.StoryId, out HashSet<(ulong, ulong)>? done))
        {
            confirmed.Add(story.StoryId, done = []);
        }

        uint last = story.Groups.Count > 0 ? story.Groups[^1] : 0;
        StoryDescriptor descriptor = directory.Describe(story, last);
        HashSet<(ulong, ulong)> before = [.. done];
        List<(ProcessIdentity Process, Task<bool> Told)> calls =
        [
            .. Members(story).Select(member => member.Process).OfType<RegisteredProcess>()
                .Where(process => process.IsAlive && !IsConfirmed(story, process))
                .Select(process => (process.Identity, notifier.DestroyAsync(descriptor, process.Identity))),
        ];
        bool isAll = calls.Count > 0;
        bool isLateKeeper = false;
        foreach ((ProcessIdentity process, Task<bool> told) in calls)
        {
            bool isTold = await told;
            isAll &= isTold;
            isLateKeeper |= isTold && process.Role == Role.Keeper && before.Count > 0;
            if (isTold)
            {
                done.Add((process.ProcessId, process.Epoch));
            }
        }

        if (isLateKeeper)
        {
            ForgetDownstream(story, before);
        }

        return isAll;
    }

    // Until a Keeper was told it handed chunks over: a Grapher or Player that had confirmed before may have some again.
    private void ForgetDownstream(StoryRecord story, HashSet<(ulong ProcessId, ulong Epoch)> before)
    {
        foreach (var (member, process) in Members(story))
        {
            if (member.Role != Role.Keeper && process is not null && before.Contains(KeyOf(process)))
            {
                confirmed[story.StoryId].Remove(KeyOf(process));
            }
        }
    }

    private IEnumerable<(MemberRecord Member, RegisteredProcess? Process)> Members(StoryRecord story)
    {
        foreach (uint group in story.Groups)
        {
            Dictionary<(Role, string), RegisteredProcess> processes = registry.Processes
                .Where(process => process.Identity.Group == group)
                .ToDictionary(process => (process.Identity.Role, process.Identity.Name));
            foreach (MemberRecord member in roster.MembersOf(group))
            {
                yield return (member, processes.GetValueOrDefault((member.Role, member.Name)));
            }
        }
    }

    private bool IsConfirmed(StoryRecord story, RegisteredProcess? process) => process is not null
        && confirmed.TryGetValue(story.StoryId, out HashSet<(ulong, ulong)>? done)
        && done.Contains(KeyOf(process));

    private static (ulong ProcessId, ulong Epoch) KeyOf(RegisteredProcess process) =>
        (process.Identity.ProcessId, process.Identity.Epoch);

    private static string Describe((MemberRecord Member, RegisteredProcess? Process) each) =>
        $"{each.Member.Role} '{each.Member.Name}' of group {each.Member.Group} at {each.Member.ServiceEndpoint}";
}
