using ChronoLog.Tests.Cluster.Deployments;
using NUnit.Framework;

namespace ChronoLog.Tests.Cluster;

/// <summary>
/// Short runs of <c>chronolog torture</c>: real processes, killed under load. The same with <c>--seconds</c> and
/// <c>--seed</c> goes on for as long as one likes.
/// </summary>
public sealed class TortureTests
{
    private const string Mixture = "keeper,grapher,player,visor,writer,all";

    [TestCase("none", "journaled", 2)]
    [TestCase("keeper", "journaled", 4)]
    [TestCase("keeper", "synced", 4)]
    [TestCase("grapher", "journaled", 4)]
    [TestCase("player", "journaled", 3)]
    [TestCase("visor", "journaled", 3)]
    [TestCase("visor", "synced", 3)]
    [TestCase("writer", "journaled", 3)]
    [TestCase("writer", "synced", 3)]
    [TestCase("all", "journaled", 4)]
    [TestCase("all", "synced", 4)]
    [TestCase(Mixture, "journaled", 5)]
    [TestCase(Mixture, "synced", 5)]
    public async Task NothingIsLost(string kill, string level, int seconds)
    {
        // The schedule differs from case to case, and is the same each time.
        int seed = kill.Length + level.Length;
        Chronolog.Outcome result = await Chronolog.RunAsync(
            null,
            "torture", "--kill", kill, "--level", level, "--seconds", $"{seconds}", "--every", "1", "--seed", $"{seed}");
        Assert.That(result.ExitCode, Is.Zero, result.Output + result.Error);
        Assert.That(result.Output, Does.Contain("anomalies=0 result=ok"));
        Assert.That(result.Output.Contains("killed: "), Is.EqualTo(kill != "none"), "somebody was killed");
    }
}
