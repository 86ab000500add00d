using System.Diagnostics;
using System.Globalization;

namespace ChronoLog.Tests.Simulation;

/// <summary>One seed is one run: everything else that the simulation is good for rests on it.</summary>
public sealed class DeterminismTests
{
    private static readonly ulong[] Seeds = [3, 77, 1234];

    [TestCaseSource(nameof(Seeds))]
    public void TheSameSeedIsTheSameRunTwiceInOneProcess(ulong seed)
    {
        ulong first = Simulation.Run(seed).Hash;
        Assert.That(Simulation.Run(seed).Hash, Is.EqualTo(first));
    }

    [TestCaseSource(nameof(Seeds))]
    public void TheSameSeedIsTheSameRunInAnotherProcess(ulong seed)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        foreach (string argument in (string[])
            ["exec", typeof(Simulation).Assembly.Location, "--seed", seed.ToString(CultureInfo.InvariantCulture)])
        {
            start.ArgumentList.Add(argument);
        }

        using Process other = Process.Start(start)!;
        string output = other.StandardOutput.ReadToEnd();
        other.WaitForExit();
        Assert.That(output, Does.Contain(Simulation.Run(seed).Hash.ToString("x16", CultureInfo.InvariantCulture)));
    }

    [Test]
    public void AnotherSeedIsAnotherRun() =>
        Assert.That(Simulation.Run(1).Hash, Is.Not.EqualTo(Simulation.Run(2).Hash));
}
