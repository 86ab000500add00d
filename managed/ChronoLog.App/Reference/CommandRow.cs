using System.CommandLine;
using System.CommandLine.Completions;

namespace ChronoLog.App.Reference;

/// <summary>A command that users see, with its way from the root: what manual pages and completion are made from.</summary>
/// <param name="Path">"" for the root, "archive list".</param>
/// <param name="Command">Its definition.</param>
/// <param name="Ancestors">From the root to the command above; their recursive options are the command's, too.</param>
internal sealed record CommandRow(string Path, Command Command, IReadOnlyList<Command> Ancestors)
{
    public IEnumerable<Command> Subcommands => Command.Subcommands.Where(each => !each.Hidden);

    /// <summary>Its own, then those that come down from above. --help and --version once.</summary>
    public IEnumerable<Option> Options =>
        Command.Options
            .Concat(Ancestors.Reverse().SelectMany(above => above.Options).Where(each => each.Recursive))
            .Where(each => !each.Hidden)
            .DistinctBy(each => each.Name);

    public IEnumerable<Argument> Arguments => Command.Arguments.Where(each => !each.Hidden);

    /// <summary>Every command in the order in which help shows them, the root first.</summary>
    public static IEnumerable<CommandRow> All(Command root) => Below("", root, []);

    public static bool TakesValue(Option option) => option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool);

    /// <summary>The values that are accepted, when there are only some.</summary>
    public static IReadOnlyList<string> Choices(Option option) =>
        TakesValue(option) ? [.. option.GetCompletions(CompletionContext.Empty).Select(each => each.Label)] : [];

    /// <inheritdoc cref="Choices(Option)"/>
    public static IReadOnlyList<string> Choices(Argument argument) =>
        [.. argument.GetCompletions(CompletionContext.Empty).Select(each => each.Label)];

    private static IEnumerable<CommandRow> Below(string path, Command command, IReadOnlyList<Command> ancestors)
    {
        var row = new CommandRow(path, command, ancestors);
        return row.Subcommands
            .SelectMany(each => Below(path.Length == 0 ? each.Name : $"{path} {each.Name}", each, [.. ancestors, command]))
            .Prepend(row);
    }
}
