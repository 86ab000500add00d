using ChronoLog.App.Deployment;

namespace ChronoLog.Tests.Unit.Deployment;

/// <summary>How the processes of a deployment are started.</summary>
internal sealed class DeploymentPlanTests
{
    [Test]
    public void ASettingThatIsGivenTakesThePlaceOfThePlansOwn()
    {
        var plan = new DeploymentPlan(new DeploymentOptions
        {
            Directory = "/d", PortBase = 7000, Keepers = 2, Window = TimeSpan.FromSeconds(1),
            Settings = ["keeper.chunk-duration=3s", "visor.address=127.0.0.2"],
        });
        foreach (ProcessPlan process in plan.Members.Append(plan.Visor!))
        {
            Assert.That(process.Arguments.Where(each => each.StartsWith("--", StringComparison.Ordinal)), Is.Unique, process.Name);
        }

        Assert.That(ValueOf(plan.Members[2], "--chunk-duration"), Is.EqualTo("3s"));
        Assert.That(ValueOf(plan.Members[0], "--chunk-duration"), Is.EqualTo("2000ms"), "the Grapher's");
        Assert.That(ValueOf(plan.Visor!, "--address"), Is.EqualTo("127.0.0.2"));
    }

    [Test]
    public void EveryKeeperHasAJournalOfItsOwn()
    {
        var options = new DeploymentOptions { Directory = "/d", PortBase = 7000, Keepers = 2, JournalDirectory = "/nvme" };
        Assert.That(
            new DeploymentPlan(options).Members.Skip(2).Select(keeper => ValueOf(keeper, "--journal-directory")),
            Is.EqualTo(new[] { "/nvme/keeper-0", "/nvme/keeper-1" }));
    }

    [Test]
    public void ANodeOfAJobHasKeepersOnlyUnlessItIsTheFirst()
    {
        DeploymentPlan first = Share(0, isRoot: true);
        DeploymentPlan third = Share(2, isRoot: false);
        Assert.That(first.Members.Select(each => each.Name), Is.EqualTo(new[] { "grapher-0", "player-0", "keeper-0", "keeper-1" }));
        Assert.That(first.Visor, Is.Not.Null);
        Assert.That(third.Members.Select(each => each.Name), Is.EqualTo(new[] { "keeper-4", "keeper-5" }));
        Assert.That(third.Visor, Is.Null);
        Assert.That(ValueOf(third.Members[1], "--recording-port"), Is.EqualTo("9002"));
        Assert.That(ValueOf(third.Members[1], "--visor"), Is.EqualTo("tcp://10.0.0.1:7001"));
        Assert.That(third.Members[0].Arguments, Does.Contain("--end-with"));
    }

    private static DeploymentPlan Share(int node, bool isRoot) => new(new DeploymentOptions
    {
        Directory = "/d", PortBase = 7000, Keepers = 2, Address = "10.0.0.3",
        Share = new DeploymentShare
        {
            IsRoot = isRoot, Endpoint = "tcp://10.0.0.1:7000", RegistryEndpoint = "tcp://10.0.0.1:7001", FirstKeeper = 2 * node,
            KeeperPort = 9000, StateDirectory = "/d/state",
        },
    });

    private static string ValueOf(ProcessPlan process, string name) =>
        process.Arguments[process.Arguments.ToList().IndexOf(name) + 1];
}
