using ChronoLog.Core.Agents;
using ChronoLog.Store.Archive;

namespace ChronoLog.Grapher.Repair;

/// <summary>An archive's repair on a strand of its own: it reads whole files.</summary>
public sealed class ArchiveCare(ArchiveRepair repair, Strand strand) : IArchiveCare
{
    public ValueTask<IReadOnlyList<DamagedStoryFile>> SurveyAsync() => RunAsync(repair.Survey);

    public ValueTask<DamagedStoryFile?> ExamineAsync(string path) => RunAsync(() => repair.Examine(path));

    public ValueTask<RepairState> JudgeAsync(DamagedStoryFile damaged, bool mayBeRebuilt) =>
        RunAsync(() => repair.Judge(damaged, mayBeRebuilt));

    private ValueTask<T> RunAsync<T>(Func<T> function) =>
        new(strand.InvokeAsync(() => ValueTask.FromResult(function())));
}
