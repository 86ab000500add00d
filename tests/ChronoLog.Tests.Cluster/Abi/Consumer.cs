using System.Diagnostics;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Abi;

/// <summary>A program that uses libchronolog: compiled here, run against a deployment.</summary>
internal static class Consumer
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    /// <summary>The checkout that the shipped executable was built in.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Chronolog.Executable, "..", "..", ".."));

    public static string Libraries { get; } = Path.Combine(Root, "artifacts", "lib");

    public static string Headers { get; } = Path.Combine(Root, "interop", "ChronoLog.Abi", "include");

    public static string Sources { get; } = Path.Combine(Root, "tests", "abi");

    public static string Python { get; } = Path.Combine(Root, "interop", "ChronoLog.Abi", "python");

    /// <summary>The compiled Fortran modules.</summary>
    public static string Modules { get; } = Path.Combine(Root, "artifacts", "fortran");

    /// <summary>
    /// Compiles a source of tests/abi for a standard of C, C++ or Fortran; warnings are errors. Returns the executable, in a
    /// directory of the caller's.
    /// </summary>
    public static async Task<string> CompileAsync(string source, string directory, string standard, params string[] more)
    {
        string program = Path.Combine(directory, Path.GetFileNameWithoutExtension(source) + "-" + standard);
        bool isFortran = source.EndsWith(".f90", StringComparison.Ordinal);
        string compiler = isFortran ? "gfortran" : standard.Contains("++", StringComparison.Ordinal) ? "g++" : "gcc";

        // gfortran takes the descriptor of an array of texts of unknown length for uninitialized, and warns that it may leave out
        // a function in a logical expression.
        string[] language = isFortran
            ? ["-pedantic", "-Wno-uninitialized", "-Wno-function-elimination", "-I" + Modules, "-J" + directory, "-lchronolog_fortran"]
            : ["-I" + Headers];
        await RunAsync(
            compiler,
            [
                "-std=" + standard, "-O1", "-g", "-Wall", "-Wextra", "-Werror", Path.Combine(Sources, source), "-o", program,
                .. language, "-L" + Libraries, "-lchronolog", "-Wl,-rpath," + Libraries, "-pthread", "-lm", "-ldl", .. more,
            ],
            new Dictionary<string, string>());
        return program;
    }

    /// <summary>Runs a program to its end, which must be success; what it printed.</summary>
    public static async Task<string> RunAsync(
        string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(Deadline);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} did not end within {Deadline}: {await error}");
        }

        string said = await error;
        string printed = await output;
        Assert.That(process.ExitCode, Is.Zero, () => $"{program} {string.Join(' ', arguments)}\n{said}\n{printed}");
        return printed;
    }
}
