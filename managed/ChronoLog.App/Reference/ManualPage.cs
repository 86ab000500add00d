using System.CommandLine;
using System.Text;

namespace ChronoLog.App.Reference;

/// <summary>A command's manual page (section 1), in the man macros, from what its --help is made from.</summary>
internal static class ManualPage
{
    private const string Name = "chronolog";

    /// <summary>"chronolog-archive-list.1".</summary>
    public static string FileOf(string path) => $"{Title(path)}.1";

    public static string Text(CommandRow row, string version)
    {
        var page = new StringBuilder();
        page.Append($".TH {Quote(Title(row.Path).ToUpperInvariant())} 1 \"\" {Quote("ChronoLog " + version)} \"ChronoLog\"\n");
        page.Append(".nh\n.ad l\n"); // names and values of options are not to be torn apart
        string[] description = row.Command.Description?.Split('\n', 2) ?? [];
        page.Append($".SH NAME\n{Escape(Title(row.Path))} \\- {Escape(Short(description.FirstOrDefault(Name)))}\n");
        AppendSynopsis(page, row);
        page.Append(".SH DESCRIPTION\n");
        foreach (string line in description)
        {
            page.Append(Escape(line)).Append("\n.PP\n");
        }

        AppendSection(page, "COMMANDS", row.Subcommands, each => Bold(each.Name), each => each.Description);
        AppendSection(page, "ARGUMENTS", row.Arguments, each => Italic(each.Name), each => each.Description);
        AppendSection(page, "OPTIONS", row.Options, Signature, Help);
        page.Append(".SH EXIT STATUS\n0 done, 1 failed, 2 usage, 3 unreachable.\n");
        page.Append(
            ".SH ENVIRONMENT\n.TP\n\\fBCHRONOLOG_ENDPOINT\\fR\nThe portal of the deployment, where "
            + "\\fB\\-\\-endpoint\\fR does not say.\n"
            + ".TP\n\\fBCHRONOLOG_SHARED_MEMORY\\fR\n0: take every Keeper for one of another node, and share no memory "
            + "with it.\n");
        AppendSeeAlso(page, row);
        return page.ToString();
    }

    private static void AppendSynopsis(StringBuilder page, CommandRow row)
    {
        page.Append(".SH SYNOPSIS\n").Append(Bold($"{Name} {row.Path}".TrimEnd()));
        if (row.Subcommands.Any())
        {
            page.Append(' ').Append(Italic("COMMAND"));
        }

        foreach (Argument argument in row.Arguments)
        {
            string many = argument.Arity.MaximumNumberOfValues > 1 ? " ..." : "";
            string text = Italic(argument.Name) + many;
            page.Append(argument.Arity.MinimumNumberOfValues == 0 ? $" [{text}]" : $" {text}");
        }

        page.Append($" [{Italic("OPTION")} ...]\n");
    }

    private static void AppendSection<T>(
        StringBuilder page, string title, IEnumerable<T> symbols, Func<T, string> name, Func<T, string?> help)
    {
        T[] all = [.. symbols];
        if (all.Length == 0)
        {
            return;
        }

        page.Append(".SH ").Append(title).Append('\n');
        foreach (T symbol in all)
        {
            page.Append(".TP\n").Append(name(symbol)).Append('\n').Append(Escape(help(symbol) ?? "")).Append('\n');
        }
    }

    private static void AppendSeeAlso(StringBuilder page, CommandRow row)
    {
        IEnumerable<string> below = row.Subcommands.Select(each => Title($"{row.Path} {each.Name}".Trim()));
        string above = row.Path.Contains(' ') ? Title(row.Path[..row.Path.LastIndexOf(' ')]) : Name;
        IEnumerable<string> pages = row.Path.Length == 0 ? below : below.Prepend(above);
        page.Append(".SH SEE ALSO\n").AppendJoin(",\n", pages.Select(each => Bold(each) + "(1)")).Append('\n');
    }

    private static string Signature(Option option)
    {
        string names = string.Join(
            ", ", option.Aliases.Prepend(option.Name).Where(each => each.StartsWith('-')).Select(Bold));
        return CommandRow.TakesValue(option) ? $"{names} {Italic(option.HelpName ?? "VALUE")}" : names;
    }

    private static string Help(Option option)
    {
        bool tells = option.Description?.Contains(" | ", StringComparison.Ordinal) ?? false;
        string choices = !tells && CommandRow.Choices(option) is { Count: > 0 } all ? $" One of {string.Join(", ", all)}." : "";
        string fallback = CommandRow.TakesValue(option) && option.HasDefaultValue && $"{option.GetDefaultValue()}" is { Length: > 0 } value
            ? $" Default: {value}."
            : "";
        return option.Description + choices + fallback + (option.Required ? " Required." : "");
    }

    private static string Title(string path) => path.Length == 0 ? Name : $"{Name}-{path.Replace(' ', '-')}";

    private static string Bold(string text) => $"\\fB{Escape(text)}\\fR";

    private static string Italic(string text) => $"\\fI{Escape(text)}\\fR";

    private static string Quote(string text) => $"\"{Escape(text).Replace("\"", "\\(dq", StringComparison.Ordinal)}\"";

    // "ChronoLog: a log." is a log.
    private static string Short(string text) =>
        text[(text.StartsWith("ChronoLog: ", StringComparison.Ordinal) ? "ChronoLog: ".Length : 0)..].Trim().TrimEnd('.');

    // Troff takes a backslash for an escape, and a line that begins with a dot or a quote for a request. JSON has no blanks to break
    // lines at.
    private static string Escape(string text)
    {
        string plain = text.ReplaceLineEndings(" ").Trim()
            .Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal)
            .Replace(",\"", ",\\:\"", StringComparison.Ordinal).Replace(":{", ":\\:{", StringComparison.Ordinal);
        return plain.StartsWith('.') || plain.StartsWith('\'') ? "\\&" + plain : plain;
    }

    private static string FirstOrDefault(this string[] lines, string fallback) => lines.Length > 0 ? lines[0] : fallback;
}
