using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;

namespace ChronoLog.Bench.Micro;

/// <summary>
/// Micro benchmarks, in this process: no project is generated and nothing restored, so they run anywhere at once.
/// </summary>
internal static class MicroRun
{
    public static int Run(string[] filters)
    {
        IConfig config = ManualConfig.Create(DefaultConfig.Instance)
            .WithArtifactsPath(Path.Combine(AppContext.BaseDirectory, "micro"))
            .WithOptions(ConfigOptions.JoinSummary)
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddJob(Job.ShortRun.WithToolchain(InProcessNoEmitToolchain.Instance));
        string[] arguments = filters.Length == 0 ? ["--filter", "*"] : filters;
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(MicroRun).Assembly).Run(arguments, config);
        return summaries.Any() && summaries.All(summary => summary.Reports.All(report => report.Success)) ? 0 : 1;
    }
}
