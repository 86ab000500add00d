using ChronoLog.Tests.Cluster.Deployments;
using NUnit.Framework;

namespace ChronoLog.Tests.Cluster;

/// <summary>Short runs of <c>chronolog torture</c>: real processes, killed under load.</summary>
public sealed class TortureTests
{
    [TestCase("none", 3)]
    [TestCase("grapher", 8)]
    [TestCase("player", 8)]
    public async Task NothingIsLost(string kill, int seconds)
    {
        Chronolog.Outcome result = await Chronolog.RunAsync(
            null, "torture", "--kill", kill, "--seconds", $"{seconds}", "--every", "2", "--level", "journaled");
        Assert.That(result.ExitCode, Is.Zero, result.Output + result.Error);
        Assert.That(result.Output, Does.Contain("anomalies=0 result=ok"));
    }
}
