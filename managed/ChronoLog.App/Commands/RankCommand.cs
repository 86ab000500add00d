using System.CommandLine;
using ChronoLog.App.Job;
using ChronoLog.Interop.Posix;

namespace ChronoLog.App.Commands;

/// <summary>
/// What <c>up --mpi</c> starts for the application: it ties itself to its parent's life and becomes the application. Hidden.
/// </summary>
internal static class RankCommand
{
    public const string Name = "become";

    private const int NotFound = 127;
    private const int NotExecutable = 126;

    public static readonly Option<int> Parent = new("--parent") { Required = true };

    private static readonly Argument<string[]> Application = new("application") { Arity = ArgumentArity.OneOrMore };

    public static Command Create()
    {
        var command = new Command(Name) { Parent, Application };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            string[] application = parsed.GetValue(Application)!;
            RankApplication.KeepTerminalClean(); // of this process's own words: the application gets the environment as it is
            if (!ProcessImage.EndWithParent(parsed.GetValue(Parent)))
            {
                return ExitCode.Failed;
            }

            if (Find(application[0]) is not { } path)
            {
                bool isFolder = Directory.Exists(application[0]);
                Console.Error.WriteLine($"chronolog: {application[0]}: {(isFolder ? "a directory, and no program" : "no such program")}");
                return isFolder ? NotExecutable : NotFound;
            }

            string refusal = ProcessImage.Replace(path, application[1..]);
            Console.Error.WriteLine($"chronolog: {application[0]}: {refusal}");
            return NotExecutable;
        });
        return command;
    }

    // As a shell does: a name with a slash is a path, any other one is looked for in PATH and nowhere else.
    private static string? Find(string program) => program.Contains('/', StringComparison.Ordinal)
        ? File.Exists(program) ? program : null
        : (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':')
            .Select(folder => Path.Combine(folder.Length == 0 ? "." : folder, program))
            .FirstOrDefault(path => File.Exists(path) && ProcessImage.MayRun(path));
}
