using System.Text.RegularExpressions;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Abi;

/// <summary>What an installation has for people and for the system: manual pages, completion, modulefiles, units.</summary>
public sealed partial class InstallTests
{
    [Test]
    public async Task EveryCommandHasAManualPage()
    {
        var missing = new List<string>();
        await VisitAsync([]);
        Assert.That(missing, Is.Empty);
        Assert.That(File.ReadAllText(Path.Combine(Man(1), "chronolog-keeper.1")), Does.Contain("journal\\-quota"));
        Assert.That(File.ReadAllText(Path.Combine(Man(1), "chrono-keeper.1")), Is.EqualTo(".so man1/chronolog-keeper.1\n"));

        // As help tells of them: not from the table that the pages are made from.
        async Task VisitAsync(string[] path)
        {
            if (!File.Exists(Path.Combine(Man(1), string.Join('-', path.Prepend("chronolog")) + ".1")))
            {
                missing.Add(string.Join(' ', path));
            }

            foreach (string command in await SubcommandsAsync(path))
            {
                await VisitAsync([.. path, command]);
            }
        }
    }

    [Test]
    public void EveryFunctionHasAManualPage()
    {
        string header = File.ReadAllText(Path.Combine(Prefix, "include", "chronolog.h"));
        string[] declared = [.. Regex.Matches(header, @"^CHRONOLOG_API .*?(chronolog_\w+)\(", RegexOptions.Multiline)
            .Select(match => match.Groups[1].Value + ".3")];
        Assert.That(declared, Has.Length.GreaterThan(30));
        Assert.That(
            Directory.EnumerateFiles(Man(3)).Select(Path.GetFileName), Is.EquivalentTo(declared.Append("chronolog.3")));
    }

    [Test]
    public async Task ManualPagesRenderWithoutWarnings()
    {
        // From where pages that only name another one find it.
        string said = await BareAsync(
            "/bin/sh", "-ec",
            "cd \"$1\"; for width in 60n 80n; do for page in man*/*; do groff -man -Tutf8 -rLL=$width -ww -z \"$page\"; done; done 2>&1", "sh",
            Path.Combine(Prefix, "share", "man"));
        Assert.That(said, Is.Empty);
        string page = await BareAsync(
            "/bin/sh", "-c", "groff -man -Tascii \"$1\"", "sh", Path.Combine(Man(3), "chronolog_log.3"));
        Assert.That(page, Does.Contain("Records one event"));
    }

    [TestCase("chronolog ", "up,keeper,completion", "manual")]
    [TestCase("chronolog ar", "archive", "up")]
    [TestCase("chronolog archive ", "list,verify", "up")]
    [TestCase("chronolog config show ", "visor,keeper,grapher,player", "list")]
    [TestCase("chronolog --endpoint archive sta", "status", "list")]
    [TestCase("chronolog keeper --journal-q", "--journal-quota", "--database")]
    [TestCase("chronolog keeper --json --fab", "--fabric,--fabric-budget", "--database")]
    [TestCase("chrono-keeper --journal-q", "--journal-quota", "--database")]
    [TestCase("chronolog up --di", "--dir", "--database")]
    public async Task BashCompletes(string line, string offered, string notOffered)
    {
        const string Complete = """
            source "$1"
            set -u
            COMP_LINE=$2 COMP_POINT=${#2}
            read -ra COMP_WORDS <<< "$2"
            case $2 in *' ') COMP_WORDS+=('') ;; esac
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            complete -p "${COMP_WORDS[0]}" > /dev/null
            _chronolog "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        string script = Path.Combine(Prefix, "share", "bash-completion", "completions", "chronolog");
        string[] words = (await BareAsync("/bin/bash", "--norc", "-ec", Complete, "bash", script, line)).Split('\n');
        Assert.That(offered.Split(','), Is.SubsetOf(words));
        Assert.That(words, Has.No.Member(notOffered));
    }

    [TestCase("chronolog-bench", "--ver", "--verify")]
    [TestCase("chronolog-bench", "--c", "--chronicles,--config,--csv")]
    [TestCase("chronolog-bench-fortran", "--pre", "--prefix")]
    public async Task BashCompletesTheBenchmarks(string program, string begun, string offered)
    {
        const string Complete = "source \"$1\"; complete -p \"$2\" > /dev/null; _${2//-/_} \"$2\" \"$3\" \"$2\"; "
            + "printf '%s\\n' \"${COMPREPLY[@]}\"";
        string script = Path.Combine(Prefix, "share", "bash-completion", "completions", program);
        string said = await BareAsync("/bin/bash", "--norc", "-ec", Complete, "bash", script, program, begun);
        Assert.That(said.TrimEnd().Split('\n'), Is.EqualTo(offered.Split(',')));
    }

    [TestCase("chronolog-bench")]
    [TestCase("chronolog-bench-fortran")]
    public async Task ABenchmarksPageIsItsHelp(string program)
    {
        string help = await BareAsync(Path.Combine(Prefix, "bin", program), "--help");
        string page = await BareAsync(
            "/bin/sh", "-c", "groff -man -Tascii -rLL=200n -P-cbou \"$1\"", "sh", Path.Combine(Man(1), program + ".1"));
        string[] shown = [.. page.Split('\n').Select(line => line.Trim())];
        Assert.That(help.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0), Is.SubsetOf(shown));
        Assert.That(page, Does.Match(program + @" - Records events into a running deployment"));
    }

    [Test]
    public async Task TheTclModulefileFindsTheTree()
    {
        const string Load = """
            proc module-whatis {text} {}
            proc conflict {name} {}
            proc setenv {name value} { puts "$name=$value" }
            proc prepend-path {name value} { puts "$name=$value" }
            proc append-path {name value} { puts "last $name=$value" }
            set ModulesCurrentModulefile [lindex $argv 0]
            source $ModulesCurrentModulefile
            """;
        string script = Path.Combine(directory, "load.tcl");
        await File.WriteAllTextAsync(script, Load);
        string[] said = (await BareAsync(
            "/usr/bin/tclsh", script, Path.Combine(Prefix, "share", "modulefiles", "chronolog", "0.1.0"))).TrimEnd().Split('\n');
        Assert.That(said, Does.Contain("last MANPATH="), "or the system's own pages are gone where MANPATH was not set");
        string[] lines = [.. said.Where(line => !line.StartsWith("last ", StringComparison.Ordinal))];
        Assert.That(lines, Does.Contain("PATH=" + Path.Combine(Prefix, "bin")));
        Assert.That(lines, Does.Contain("PYTHONPATH=" + Path.Combine(Prefix, "lib", "python3", "site-packages")));
        Assert.That(lines.Select(line => line[(line.IndexOf('=') + 1)..]).Where(path => !Directory.Exists(path)), Is.Empty);

        // Lmod's says the same, by its own words.
        string lua = File.ReadAllText(Path.Combine(Prefix, "share", "modulefiles", "chronolog", "0.1.0.lua"));
        IEnumerable<string> names = Regex.Matches(lua, @"(?:setenv|prepend_path)\(""(\w+)""").Select(match => match.Groups[1].Value);
        Assert.That(names, Is.EqualTo(lines.Select(line => line[..line.IndexOf('=')])));
        Assert.That(lua, Does.Contain("append_path(\"MANPATH\", \"\")"));
    }

    [Test]
    public async Task EnvironmentModulesLoadsAndUnloadsTheTree()
    {
        const string Load = """
            LC_ALL=C.UTF-8; export LC_ALL # Tcl reads names of files by it
            MODULEPATH=$1/share/modulefiles; export MODULEPATH; before=$PATH
            eval "$(modulecmd bash load chronolog)"; chronolog --help > /dev/null; echo "$CHRONOLOG_ROOT"; man -w chronolog_log
            pkg-config --exists chronolog; python3 -c 'import chronolog'
            eval "$(modulecmd bash unload chronolog)"; test "$PATH" = "$before" && test -z "${CHRONOLOG_ROOT-}${MANPATH-}"
            """;
        if (!File.Exists("/usr/bin/modulecmd") || !File.Exists("/usr/bin/man"))
        {
            Assert.Ignore("environment-modules or man-db is not installed");
        }

        string said = await BareAsync("/bin/bash", "-ec", Load, "bash", Prefix);
        Assert.That(said.Split('\n')[..2], Is.EqualTo(new[] { Prefix, Path.Combine(Man(3), "chronolog_log.3") }));
    }

    [Test]
    public async Task SystemdUnitsStartWhatIsInstalled()
    {
        string units = Path.Combine(directory, "units");
        await BareAsync("/bin/sh", Path.Combine(Prefix, "share", "chronolog", "systemd", "install-units"), units);
        foreach (string role in new[] { "visor.service", "keeper@.service", "grapher@.service", "player@.service" })
        {
            string text = File.ReadAllText(Path.Combine(units, "chronolog-" + role));
            string[] command = Regex.Match(text, "^ExecStart=(.*)$", RegexOptions.Multiline).Groups[1].Value
                .Replace("%i", "0", StringComparison.Ordinal)
                .Split(' ')
                .Select(word => word.Replace("\\x20", " ", StringComparison.Ordinal))
                .ToArray();
            Assert.That(command[0], Is.EqualTo(Path.Combine(Prefix, "bin", "chronolog")));

            // Every option is one that the role knows: --help goes no further than reading them.
            await BareAsync(command[0], [.. command[1..], "--help"]);
            Assert.That(text, Does.Contain("NoNewPrivileges=yes").And.Contain("ProtectSystem=strict"));
        }

        if (File.Exists("/usr/bin/systemd-analyze"))
        {
            // Whole units, with instances; the user that they run as need not exist here.
            string verdict = await BareAsync(
                "/bin/sh", "-c", "cd \"$1\"; systemd-analyze verify --man=no ./chronolog-visor.service ./chronolog-keeper@k0.service "
                + "./chronolog-grapher@0.service ./chronolog-player@0.service 2>&1 | grep chronolog- || true", "sh", units);
            Assert.That(verdict.Split('\n').Where(line => line.Length > 0), Is.Empty);
        }
    }

    private string Man(int section) => Path.Combine(Prefix, "share", "man", "man" + section);

    private async Task<IEnumerable<string>> SubcommandsAsync(string[] path)
    {
        string help = await BareAsync(Path.Combine(Prefix, "bin", "chronolog"), [.. path, "--help"]);
        string[] lines = help.Split('\n');
        return lines.SkipWhile(line => line != "Commands:").Skip(1).TakeWhile(line => line.StartsWith("  ", StringComparison.Ordinal))
            .Where(line => line.Length > 2 && line[2] != ' ')
            .Select(line => line.Trim().Split([' ', ',']).First());
    }
}
