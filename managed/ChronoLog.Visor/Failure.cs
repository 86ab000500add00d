using ChronoLog.Core.Protocol;

namespace ChronoLog.Visor;

/// <summary>The failures that the Visor answers with, worded once.</summary>
internal static class Failure
{
    public static ChronoLogException NoChronicle(string name) =>
        new(Status.NotExist, $"there is no chronicle '{name}'");

    public static ChronoLogException NoStory(string chronicle, string story) =>
        new(Status.NotExist, $"there is no story '{chronicle}/{story}'");

    public static ChronoLogException Acquired(string what, int holders) =>
        new(Status.Acquired, $"{what} is held by {holders} client(s); release it first");

    /// <summary>The destruction was accepted, and cannot be finished yet.</summary>
    public static ChronoLogException DestroyingGoesOn(string what, IReadOnlyList<string> silent) => new(
        Status.NoConnection,
        $"{what} is being destroyed and not gone yet: {Names(silent)} did not answer. It is told again until it does, "
        + "and the name cannot be used meanwhile; see that the process runs (if its node is gone for good, another one "
        + "with its name)");

    public static ChronoLogException BeingDestroyed(Status status, string what, IReadOnlyList<string> silent)
    {
        string waiting = silent.Count == 0 ? "" : $" and waits for {Names(silent)}";
        return new ChronoLogException(status, $"{what} is being destroyed{waiting}; try again later");
    }

    public static ChronoLogException Invalid(string why) => new(Status.InvalidArgument, why);

    public static ChronoLogException TooMany(string what, int limit) =>
        new(Status.LimitExceeded, $"the limit of {limit} {what} is reached");

    private static string Names(IReadOnlyList<string> processes)
    {
        const int NamesMax = 5; // a message is no list of a thousand nodes
        string more = processes.Count > NamesMax ? $" and {processes.Count - NamesMax} more" : "";
        return string.Join(", ", processes.Take(NamesMax)) + more;
    }
}
