using System.Diagnostics;
using System.Text.RegularExpressions;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Abi;

/// <summary>Programs in Fortran against a real deployment. What each checks stands in tests/abi.</summary>
public sealed class FortranTests
{
    private LocalDeployment deployment = null!;
    private string directory = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        deployment = await LocalDeployment.StartAsync();
        directory = Directory.CreateTempSubdirectory("chronolog-fortran-").FullName;
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        Directory.Delete(directory, recursive: true);
        await deployment.DisposeAsync();
    }

    [Test]
    public async Task RecordsAndReplays()
    {
        string program = await Consumer.CompileAsync("record_replay.f90", directory, "f2008");
        Assert.That(await Consumer.RunAsync(program, [], Environment), Does.EndWith("ok\n"));
    }

    [Test]
    public async Task WorksUnderTheProgramsTraps()
    {
        string program = await Consumer.CompileAsync(
            "traps.f90", directory, "f2008", "-ffpe-trap=invalid,zero,overflow");
        (int code, string output, _) = await EndingAsync(program, "0.0\n");
        Assert.That((code, output.TrimEnd()), Is.EqualTo((128 + 8, "ok")), "SIGFPE");
    }

    [Test]
    public async Task StopsWithTheMessageWithoutStat()
    {
        string program = await Consumer.CompileAsync("stops.f90", directory, "f2008");
        (int code, string output, string error) = await EndingAsync(program, "");
        Assert.That((code, output), Is.EqualTo((1, "")));
        Assert.That(error, Does.Contain("CHRONOLOG_ERR_NOT_EXIST").And.Contain("no such chronicle"));
    }

    [Test]
    public async Task TheReadmesExampleRuns()
    {
        string readme = await File.ReadAllTextAsync(Path.Combine(Consumer.Root, "README.md"));
        string source = Path.Combine(directory, "readme.f90");
        await File.WriteAllTextAsync(source, Regex.Match(readme, "^```fortran\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)
            .Groups[1].Value);
        string program = await Consumer.CompileAsync(source, directory, "f2008");
        Assert.That(await Consumer.RunAsync(program, [], Environment), Does.EndWith(" step 1 done\n"));
    }

    private Dictionary<string, string> Environment => new() { ["CHRONOLOG_ENDPOINT"] = deployment.Endpoint };

    // The way that a program ends is what is tested: by sh, which tells a signal from an exit.
    private async Task<(int Code, string Output, string Error)> EndingAsync(string program, string input)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "\"$1\"; exit $?", "sh", program])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["CHRONOLOG_ENDPOINT"] = deployment.Endpoint;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await process.WaitForExitAsync(timeout.Token);
        return (process.ExitCode, await output, await error);
    }
}
