using ChronoLog.Core.Chunk;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Grapher.Notices;
using ChronoLog.Store.Archive;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Grapher.Repair;

/// <summary>
/// Damaged StoryFiles, from the finding to the rebuilt range: sets them aside, has every Keeper of the view announce
/// again what its journal still holds of the range, and retires the damaged file when all of its events are in others.
/// Until then it is a gap of every replay. On the role's strand.
/// </summary>
internal sealed class RepairDesk(IArchiveCare? care, NoticeContext context)
{
    /// <summary>Findings that wait; a reader that meets damage again tells it again.</summary>
    private const int FindingsMax = 1024;

    private readonly List<DamagedRange> ranges = [];
    private readonly Queue<string> findings = new();
    private long setAside;
    private bool isSurveyed;

    /// <summary>Files that are damaged and not rebuilt.</summary>
    public int Damaged => ranges.Count;

    /// <summary>Files that this process set aside.</summary>
    public long SetAside => setAside;

    /// <summary>Files whose events are all in others again, by this process.</summary>
    public long Rebuilt { get; private set; }

    /// <summary>Events that Keepers announced again for it.</summary>
    public ulong Recalled { get; private set; }

    public void Register(IRpcServer admin) => admin.Handle(Methods.StoryFileDamaged, (notice, _) =>
    {
        if (care is not null && findings.Count < FindingsMax && !findings.Contains(notice.Path))
        {
            findings.Enqueue(notice.Path);
        }

        return ValueTask.FromResult(new Empty());
    });

    /// <summary>Until the process stops.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (care is not null)
            {
                await GuardAsync(care);
                await context.Timers.Delay(context.Options.RepairPeriod, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    // What one file brings about must not end the care of all others.
    private async ValueTask GuardAsync(IArchiveCare archive)
    {
        try
        {
            if (!isSurveyed)
            {
                isSurveyed = true;
                ranges.AddRange((await archive.SurveyAsync()).Select(static file => new DamagedRange(file)));
            }

            await ExamineAsync();
            foreach (DamagedRange range in ranges.ToList())
            {
                await RebuildAsync(range);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            context.Logger.LogError(
                exception, "{Name}: looking after damaged StoryFiles failed and is repeated", context.Options.Name);
        }
    }

    /// <summary>A chunk is in a StoryFile.</summary>
    public void Archived(ulong storyId, StoryChunk chunk)
    {
        foreach (DamagedRange range in ranges.Where(range => range.StoryId == storyId))
        {
            range.IsToBeJudged |= chunk.StartTime < range.File.EndTime && chunk.EndTime > range.File.StartTime;
        }
    }

    /// <summary>The story was destroyed, and its damaged files with it.</summary>
    public void Forget(ulong storyId) => ranges.RemoveAll(range => range.StoryId == storyId);

    private async ValueTask ExamineAsync()
    {
        while (findings.TryDequeue(out string? path))
        {
            if (await care!.ExamineAsync(path) is { } damaged)
            {
                setAside++;
                ranges.Add(new DamagedRange(damaged));
            }
        }
    }

    private async ValueTask RebuildAsync(DamagedRange range)
    {
        foreach (ProcessIdentity keeper in context.View()?.Keepers.ToList() ?? [])
        {
            if (!range.Asked.Contains((keeper.ProcessId, keeper.Epoch)) && await TryRecallAsync(keeper, range))
            {
                range.Asked.Add((keeper.ProcessId, keeper.Epoch));
            }
        }

        bool mayBeRebuilt = range.IsToBeJudged;
        range.IsToBeJudged = false;
        RepairState state = await care!.JudgeAsync(range.File, mayBeRebuilt);
        if (state != RepairState.Damaged)
        {
            ranges.Remove(range);
            if (state == RepairState.Rebuilt)
            {
                Rebuilt++;
                context.Logger.LogWarning(
                    "{Name}: every event of '{Path}' is in sound StoryFiles again", context.Options.Name, range.File.Path);
            }
        }
    }

    private async ValueTask<bool> TryRecallAsync(ProcessIdentity keeper, DamagedRange range)
    {
        try
        {
            IRpcChannel channel = await context.Channels.OpenAsync(keeper.AdminEndpoint);
            var request = new RecallRequest
            {
                StoryId = range.StoryId, StartTime = range.File.StartTime, EndTime = range.File.EndTime,
            };
            RecallReply reply =
                await channel.CallAsync(Methods.Recall, request, context.Options.RecallDeadline, context.Stop);
            Recalled += reply.Events;
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            context.Logger.LogWarning(
                "{Name}: {Keeper} was not asked for the range of '{Path}' and is asked again: {Reason}",
                context.Options.Name, keeper.Name, range.File.Path, exception.Message);
            return false;
        }
    }
}
