using System.Globalization;
using System.Text.RegularExpressions;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Abi;

/// <summary>What chronolog_log promises of itself: nothing but a few stores while the ring has room.</summary>
public sealed class HotCallTests
{
    private LocalDeployment deployment = null!;
    private string directory = null!;
    private string program = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        deployment = await LocalDeployment.StartAsync(keepers: 1);
        directory = Directory.CreateTempSubdirectory("chronolog-hot-").FullName;
        program = await Consumer.CompileAsync("hot_call.c", directory, "gnu11");
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        Directory.Delete(directory, recursive: true);
        await deployment.DisposeAsync();
    }

    [Test]
    public async Task MakesNoSystemCall()
    {
        string trace = Path.Combine(directory, "trace");
        await Consumer.RunAsync("/usr/bin/strace", ["-f", "-o", trace, program, "syscalls"], Environment);
        string[] lines = await File.ReadAllLinesAsync(trace);
        int begin = Array.FindIndex(lines, line => line.Contains("begin of the hot calls"));
        int end = Array.FindIndex(lines, line => line.Contains("end of the hot calls"));
        string thread = lines[begin].Split(' ')[0];
        Assert.That(begin, Is.Not.Negative);
        IEnumerable<string> calls = lines[(begin + 1)..end]
            .Where(line => line.StartsWith(thread + " ", StringComparison.Ordinal))
            .Where(line => !line.Contains(" resumed>")); // the mark's own, when other threads' calls came in between
        Assert.That(calls, Is.Empty);
    }

    // The bar is 150 ns; on a quiet machine it is 45. The best of several runs: others may use the processor meanwhile.
    [Test]
    public async Task CostsLessThan150Nanoseconds()
    {
        double best = double.MaxValue;
        for (int run = 0; run < 5 && best >= 150; run++)
        {
            string printed = await Consumer.RunAsync(program, ["1000000"], Environment);
            best = Math.Min(best, double.Parse(Regex.Match(printed, @"median ([\d.]+) ns").Groups[1].Value, CultureInfo.InvariantCulture));
        }

        TestContext.Out.WriteLine($"median {best} ns");
        Assert.That(best, Is.LessThan(150));
    }

    private Dictionary<string, string> Environment => new() { ["CHRONOLOG_ENDPOINT"] = deployment.Endpoint };
}
