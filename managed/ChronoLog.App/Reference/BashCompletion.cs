using System.CommandLine;

namespace ChronoLog.App.Reference;

/// <summary>
/// A script for bash that completes commands, options and their values. It holds the whole table, so that completing
/// starts no process, and needs nothing of the package bash-completion.
/// </summary>
internal static class BashCompletion
{
    // Finds the command among the words (not among values of options), then offers what may follow.
    private const string Completer = """
        _chronolog()
        {
            local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path='' word i
            local commands flags valued files directories choices arguments
            case ${1##*/} in
                chrono-*) path=${1##*/chrono-}; path=${path#chrono-} ;;
            esac
            _chronolog_table "$path"
            for ((i = 1; i < COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                case " $valued " in
                    *" $word "*) i=$((i + 1)); continue ;;
                esac
                case " $commands " in
                    *" $word "*) path="${path:+$path }$word"; _chronolog_table "$path" ;;
                esac
            done
            COMPREPLY=()
            case " $valued " in
                *" $prev "*)
                    choices=''
                    _chronolog_choices "$path" "$prev"
                    case " $directories " in *" $prev "*) COMPREPLY=($(compgen -d -- "$cur")); return ;; esac
                    case " $files " in *" $prev "*) COMPREPLY=($(compgen -f -- "$cur")); return ;; esac
                    COMPREPLY=($(compgen -W "$choices" -- "$cur"))
                    return ;;
            esac
            case $cur in
                -*) COMPREPLY=($(compgen -W "$flags $valued" -- "$cur")) ;;
                *) COMPREPLY=($(compgen -W "$commands $arguments" -- "$cur")) ;;
            esac
        }
        """;

    public static void Write(TextWriter writer, Command root, IEnumerable<string> links)
    {
        CommandRow[] rows = [.. CommandRow.All(root)];
        writer.Write("# bash completion of chronolog, made by `chronolog completion bash`\n");
        writer.Write("_chronolog_table()\n{\n    commands='' flags='' valued='' files='' directories='' arguments=''\n    case $1 in\n");
        foreach (CommandRow row in rows)
        {
            WriteTable(writer, row);
        }

        writer.Write("    esac\n}\n\n_chronolog_choices()\n{\n    case \"$1 $2\" in\n");
        foreach (CommandRow row in rows)
        {
            WriteChoices(writer, row);
        }

        writer.Write("    esac\n}\n\n");
        writer.Write(Completer.ReplaceLineEndings("\n"));
        writer.Write($"\ncomplete -F _chronolog chronolog {string.Join(' ', links)}\n");
    }

    private static void WriteTable(TextWriter writer, CommandRow row)
    {
        Option[] valued = [.. row.Options.Where(CommandRow.TakesValue)];
        writer.Write($"        '{row.Path}')\n");
        Assign(writer, "commands", row.Subcommands.Select(each => each.Name));
        Assign(writer, "flags", row.Options.Except(valued).SelectMany(Names));
        Assign(writer, "valued", valued.SelectMany(Names));
        Assign(writer, "files", valued.Where(each => each.HelpName is "FILE").SelectMany(Names));
        Assign(writer, "directories", valued.Where(IsDirectory).SelectMany(Names));
        Assign(writer, "arguments", row.Arguments.SelectMany(CommandRow.Choices));
        writer.Write("            ;;\n");
    }

    private static void WriteChoices(TextWriter writer, CommandRow row)
    {
        foreach (Option option in row.Options)
        {
            if (CommandRow.Choices(option) is { Count: > 0 } choices)
            {
                string patterns = string.Join(" | ", Names(option).Select(name => $"'{row.Path} {name}'"));
                writer.Write($"        {patterns}) choices='{Words(choices)}' ;;\n");
            }
        }
    }

    private static void Assign(TextWriter writer, string name, IEnumerable<string> words)
    {
        if (Words(words) is { Length: > 0 } text)
        {
            writer.Write($"            {name}='{text}'\n");
        }
    }

    // Nothing that the shell would read as more than a word: such a value is left to the user's fingers.
    private static string Words(IEnumerable<string> words) =>
        string.Join(' ', words.Where(word => word.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_+.:/?=".Contains(letter))));

    private static IEnumerable<string> Names(Option option) =>
        option.Aliases.Prepend(option.Name).Where(name => name.StartsWith('-'));

    private static bool IsDirectory(Option option) =>
        option.HelpName is "DIR" || option.Name.EndsWith("-directory", StringComparison.Ordinal);
}
