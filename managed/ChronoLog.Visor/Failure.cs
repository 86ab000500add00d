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

    /// <summary>A living process has the newcomer's place in the group; one that was not heard yet may live.</summary>
    public static ChronoLogException Taken(ProcessIdentity newcomer, RegisteredProcess former, TimeSpan silence)
    {
        ProcessIdentity other = former.Identity;
        string role = newcomer.Role.ToString().ToLowerInvariant();
        string why = newcomer.Role == Role.Keeper && other.Name == newcomer.Name
            ? $"has the same name: give one of them another (--name)"
            : newcomer.Role == Role.Keeper
                ? "has the same address: give one of them another (--address, --recording-port)"
                : $"is there, and a group has one {role}: stop that one, or give this one another --group";
        string heard = former.IsHeard
            ? $"heard {silence.TotalSeconds:0.0} s ago"
            : "not heard since the visor's start; it is waited for";
        return new ChronoLogException(
            former.IsHeard ? Status.Fenced : Status.Acquired,
            $"{role} '{newcomer.Name}' at {newcomer.ServiceEndpoint} on {newcomer.Host} cannot join group "
            + $"{newcomer.Group}: '{other.Name}' at {other.ServiceEndpoint} on {other.Host} ({heard}) {why}");
    }

    public static ChronoLogException NotDead(RegisteredProcess keeper, TimeSpan silence) => new(
        Status.Acquired,
        $"keeper '{keeper.Identity.Name}' of group {keeper.Identity.Group} at {keeper.Identity.ServiceEndpoint} is not "
        + $"dead (heard {silence.TotalSeconds:0.0} s ago): only a dead keeper can be declared lost; a living one hands "
        + "over what it has when it is stopped");

    public static ChronoLogException NoDeadKeeper(string name, uint? group, IReadOnlyList<RegisteredProcess> dead)
    {
        string where = group is null ? "" : $" in group {group}";
        string others = dead.Count == 0
            ? "no keeper is dead"
            : "dead are " + Names([.. dead.Select(each => $"'{each.Identity.Name}' of group {each.Identity.Group}")]);
        return new ChronoLogException(Status.NotExist, $"there is no keeper '{name}'{where}; {others}");
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
