using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>Garbage on every port that any process of a deployment listens on.</summary>
public sealed class HostileBytesTests
{
    private const int Seed = 4711;
    private const int RpcPorts = 8; // Visor, Grapher, Player, Keeper: two each

    // Slabs, pages and the collector take some 50 MiB meanwhile; the endless messages send 256 MiB to each of several
    // ports of a process.
    private const long GrowthMax = 160 << 20;

    [Test]
    public async Task GarbageOnEveryPortDoesNoHarm()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("hostile", "bytes", createChronicle: true);
        await using var load = new Load(story, DurabilityLevel.Synced, perSecond: 500);
        StatusReply before = await deployment.WaitAsync(
            client, status => status.Of(load).Cold > 0, "every tier to have done its work once");
        Dictionary<string, long> memory =
            before.Pids().ToDictionary(each => each.Key, each => Signals.AnonymousBytes(each.Value));
        List<(string Name, int Port)> ports =
            [.. before.Pids().SelectMany(each => ListeningPorts.Of(each.Value).Select(port => (each.Key, port)))];
        TestContext.Out.WriteLine(string.Join(", ", ports.Select(each => $"{each.Name} {each.Port}")));
        Assert.That(ports, Has.Count.GreaterThanOrEqualTo(RpcPorts));
        var random = new Random(Seed);
        foreach ((string name, Func<Random, IEnumerable<byte[]>> bytes) in HostileStream.All)
        {
            await Task.WhenAll(ports.Select(each => HostileStream.SendAsync(each.Port, bytes(random).ToList())));
            await load.AdvanceAsync(50, $"after {name}");
        }

        StatusReply after = await client.StatusAsync();
        Assert.That(after.Pids(), Is.EqualTo(before.Pids()), "every process stayed up");
        Assert.Multiple(() =>
        {
            foreach ((string name, int pid) in after.Pids())
            {
                long growth = Signals.AnonymousBytes(pid) - memory[name];
                TestContext.Out.WriteLine($"{name} grew by {growth >> 20} MiB");
                Assert.That(growth, Is.LessThan(GrowthMax), name);
            }
        });
        await deployment.SettleAsync(client, load);
    }
}
