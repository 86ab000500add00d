using ChronoLog.Store.Archive;

namespace ChronoLog.Grapher.Repair;

/// <summary>The Grapher's hand on StoryFiles that turn out damaged.</summary>
public interface IArchiveCare
{
    /// <summary>Looks at every file's header. Returns all that is set aside, now or earlier, and not rebuilt.</summary>
    ValueTask<IReadOnlyList<DamagedStoryFile>> SurveyAsync();

    /// <summary>Checks a file as a whole, and sets it aside if it is damaged; null when it is not.</summary>
    ValueTask<DamagedStoryFile?> ExamineAsync(string path);

    /// <summary>Whether a file is still there, and retires it if it may be and is wholly in other files again.</summary>
    ValueTask<RepairState> JudgeAsync(DamagedStoryFile damaged, bool mayBeRebuilt);
}
