using System.Net;
using ChronoLog.App;
using ChronoLog.App.Deployment;
using ChronoLog.App.Job;

namespace ChronoLog.Tests.Unit.Deployment;

/// <summary>What the ranks of a job tell each other through files, and what others may have written there.</summary>
internal sealed class JobPlanTests
{
    private static readonly RankEntry[] Ranks =
    [
        Entry(0, "a"), Entry(1, "b"), Entry(2, "a"), Entry(3, "c"), Entry(4, "b"),
    ];

    private readonly JobPlan plan = new("10.0.0.1", "tcp://10.0.0.1:5555", "tcp://10.0.0.1:5556", Ranks);

    [Test]
    public void NodesAreCountedByTheirLowestRanks()
    {
        Assert.That(plan.Nodes, Is.EqualTo(3));
        Assert.That(Enumerable.Range(0, 5).Select(rank => plan.NodeOf((uint)rank)), Is.EqualTo(new[] { 0, 1, 0, 2, 1 }));
        Assert.That(Enumerable.Range(0, 3).Select(node => plan.LeaderOf(node).Rank), Is.EqualTo(new[] { 0u, 1u, 3u }));
        Assert.That(plan.RanksOf(1).Select(rank => rank.Rank), Is.EqualTo(new[] { 1u, 4u }));
    }

    [Test]
    public void APlanIsReadAsItWasWritten()
    {
        JobPlan read = JobPlan.Parse(plan.Format())!;
        Assert.That((read.Address, read.Endpoint, read.RegistryEndpoint), Is.EqualTo((plan.Address, plan.Endpoint, plan.RegistryEndpoint)));
        Assert.That(read.Ranks, Is.EqualTo(Ranks));
    }

    [Test]
    public void APlanOfAnotherRunDoesNotIncludeAProcess()
    {
        Assert.That(plan.Includes(Ranks[3]), Is.True);
        Assert.That(plan.Includes(Ranks[3] with { Token = "other" }), Is.False);
        Assert.That(plan.Includes(Ranks[3] with { Rank = 5 }), Is.False);
    }

    [Test]
    public void APlanThatIsNotWholeIsNone()
    {
        string whole = plan.Format();
        for (int length = 0; length < whole.Length - 1; length++)
        {
            JobPlan? cut = JobPlan.Parse(whole[..length]);
            Assert.That(cut is null || cut.Ranks[^1].Process.Space != Ranks[^1].Process.Space, $"the first {length} characters");
        }
    }

    [TestCase("")]
    [TestCase("a b c 1\n")]
    [TestCase("a b c 1\n1 t h - 10 100 h/b\n")]
    [TestCase("a b c 2\n0 t h - 10 100 h/b\n0 t h - 10 100 h/b\n")]
    [TestCase("a b c 99999999999999\n0 t h - 10 100 h/b\n")]
    [TestCase("a b c 1\n0 t h - -10 100 h/b\n")]
    [TestCase("a b c 1\n0 t h - 99999999999 100 h/b\n")]
    [TestCase("a b c 1\n0  h - 10 100 h/b\n")]
    [TestCase("a b c 1 d\n0 t h - 10 100 h/b\n")]
    public void NonsenseIsNoPlan(string text) => Assert.That(JobPlan.Parse(text), Is.Null);

    [Test]
    public void AStopIsReadAsItWasWritten()
    {
        Assert.That(JobStop.Parse(new JobStop(7, "rank 3\nended").Format() + "\n"), Is.EqualTo(new JobStop(7, "rank 3 ended")));
        Assert.That(JobStop.Parse(JobStop.AllDone.Format()), Is.EqualTo(JobStop.AllDone));
    }

    [TestCase("")]
    [TestCase("x")]
    [TestCase("256 too large for a status")]
    [TestCase("-1 negative")]
    public void AStopThatNobodyOfOursWroteIsAFailure(string text) => Assert.That(JobStop.Parse(text).Status, Is.EqualTo(ExitCode.Failed));

    [Test]
    public void AnOutcomeIsReadAsItWasWritten()
    {
        JobOutcome read = JobOutcome.Parse(new JobOutcome(1, ["keeper-0 stopped\nwith 3 events", "node 1 is silent"]).Format() + "\n");
        Assert.That(read.Status, Is.EqualTo(1));
        Assert.That(read.LeftBehind, Is.EqualTo(new[] { "keeper-0 stopped with 3 events", "node 1 is silent" }));
        Assert.That(JobOutcome.Parse(new JobOutcome(0, []).Format()).LeftBehind, Is.Empty);
        Assert.That(JobOutcome.Parse("nonsense").Status, Is.EqualTo(ExitCode.Failed));
    }

    [TestCase(null, "10.1.2.3")]
    [TestCase("ib0", "192.168.7.9")]
    [TestCase("192.168.0.0/16", "192.168.7.9")]
    [TestCase("127.0.0.1", "127.0.0.1")]
    [TestCase("fd00::/8", "fd00::5")]
    [TestCase("10.1.2.4", null)]
    [TestCase("eth9", null)]
    [TestCase("172.16.0.0/12", null)]
    public void AnAddressIsChosenByItselfByInterfaceOrByNetwork(string? wanted, string? expected)
    {
        NodeNetwork[] own =
        [
            new("lo", IPAddress.Loopback, 8), new("eth0", IPAddress.Parse("fe80::1"), 64), new("eth0", IPAddress.Parse("fd00::5"), 64),
            new("eth0", IPAddress.Parse("10.1.2.3"), 24), new("ib0", IPAddress.Parse("192.168.7.9"), 24),
        ];
        Assert.That(NodeAddress.Choose(wanted, own)?.ToString(), Is.EqualTo(expected));
    }

    // Node by node, separated by blanks: rank 0's first.
    [TestCase("10.1.0.1/24 10.1.0.2/24 10.1.0.3/24", "10.1.0.1")]
    [TestCase("172.17.0.1/16,10.1.0.1/24 172.17.0.1/16,10.1.0.2/24", "10.1.0.1", Description = "a bridge of containers on each")]
    [TestCase("192.168.0.1/24,10.1.0.1/24 10.1.0.2/24", "10.1.0.1", Description = "a network of the first node only")]
    [TestCase("192.168.0.1/24,10.1.0.1/24 192.168.0.2/24,10.1.0.2/24 10.1.0.3/24", "10.1.0.1", Description = "one that not all are in")]
    [TestCase("fd00::1/64,10.1.0.1/24 fd00::2/64,10.1.0.2/24", "10.1.0.1")]
    [TestCase("fd00::1/64,10.1.0.1/24 fd00::2/64", "fd00::1")]
    [TestCase("10.1.0.1/24 10.2.0.2/24", "10.1.0.1", Description = "routed")]
    [TestCase("172.17.0.1/16 172.17.0.1/16", null)]
    [TestCase("10.1.0.1/24 - nonsense/99,/,10.1.0.3", "10.1.0.1")]
    public void TheAddressIsOneThatAllNodesReach(string nodes, string? expected)
    {
        IReadOnlyList<NodeNetwork>[] all = [.. nodes.Split(' ').Select(NodeNetwork.ParseAll)];
        Assert.That(NodeAddress.ChooseShared(all[0], all[1..])?.ToString(), Is.EqualTo(expected));
        Assert.That(NodeNetwork.ParseAll(NodeNetwork.FormatAll(all[0])), Is.EqualTo(all[0]));
    }

    private static RankEntry Entry(uint rank, string host) =>
        new(rank, $"token{rank}", host, new RunningProcess($"rank-{rank}", 100 + (int)rank, $"{5000 + rank}", host + "/boot/pid:[1]"), "10.0.0.1/24");
}
