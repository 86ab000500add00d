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

    public static ChronoLogException Invalid(string why) => new(Status.InvalidArgument, why);

    public static ChronoLogException TooMany(string what, int limit) =>
        new(Status.LimitExceeded, $"the limit of {limit} {what} is reached");
}
