using System.Globalization;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Store.Metadata;
using ChronoLog.Tests.Cluster.Deployments;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Tests.Cluster;

/// <summary>
/// Whether what a process states of its clock is true. On one machine that can be known: the base clock is its
/// CLOCK_MONOTONIC plus what the Visor's metadata say.
/// </summary>
[NonParallelizable]
public sealed class ClockTests
{
    private const int Clients = 3;
    private const int LooksPerClient = 2000;

    [Test]
    public async Task TheBaseClockIsWithinEpsilonOfEveryClients()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        (ulong tick, ulong monotonic) = Anchor(deployment);
        List<ChronoClient> clients = [];
        try
        {
            for (int i = 0; i < Clients; i++)
            {
                clients.Add(await deployment.ConnectAsync());
                await CheckAsync(clients, tick - monotonic);
            }
        }
        finally
        {
            foreach (ChronoClient client in clients)
            {
                await client.DisposeAsync();
            }
        }
    }

    /// <summary>After a start, and as it is read from the shipped executable.</summary>
    [Test]
    public async Task EveryProcessOfAFreshDeploymentStatesABound()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 2);
        await using ChronoClient client = await deployment.ConnectAsync();
        StatusReply status = await deployment.WaitAsync(
            client,
            status => status.Processes.Count == 5 && status.Processes.All(process => process.Clock is not null)
                && status.Clients.Any(each => each.ClientId == client.ClientId && each.Clock is not null),
            "every process to report its clock");
        foreach (ClockReport clock in status.Processes.Select(process => process.Clock)
            .Concat(status.Clients.Select(each => each.Clock)).Where(clock => clock is { TickSource: not "base" }))
        {
            Assert.That(clock.UncertaintyNanoseconds, Is.InRange(1000, 1_000_000_000), "not nothing, and not anything");
            Assert.That(clock.RoundTripNanoseconds, Is.InRange(1000, 2_000_000_000));
            Assert.That(clock.DriftPartsPerMillion, Is.InRange(-1000, 1000));
            Assert.That(clock.Contradictions, Is.Zero);
        }
    }

    // While rounds go on: bounds that are new, and such that are old.
    private static async Task CheckAsync(List<ChronoClient> clients, ulong baseOverMonotonic)
    {
        for (int look = 0; look < LooksPerClient; look++)
        {
            foreach (ChronoClient client in clients)
            {
                // A correction may come in between; what was stated before it is as true.
                ulong bound = client.Clock.UncertaintyNanoseconds;
                ulong before = SharedClock.MonotonicNanoseconds + baseOverMonotonic;
                ulong now = client.Clock.Now;
                ulong after = SharedClock.MonotonicNanoseconds + baseOverMonotonic;
                bound = Math.Max(bound, client.Clock.UncertaintyNanoseconds);
                Assert.That(now + bound, Is.GreaterThanOrEqualTo(before), $"look {look}");
                Assert.That(now, Is.LessThanOrEqualTo(after + bound), $"look {look}");
            }

            if (look % 10 == 0)
            {
                await Task.Delay(1);
            }
        }
    }

    // The anchor was written before anything was served.
    private static (ulong Tick, ulong Monotonic) Anchor(LocalDeployment deployment)
    {
        using var store = SqliteMetadataStore.Open(deployment.CopyDatabase(Path.Combine(deployment.Directory, "copy")));
        string[] anchor = store.GetValue("clock-anchor")!.Split(' ');
        return (
            ulong.Parse(anchor[2], CultureInfo.InvariantCulture), ulong.Parse(anchor[1], CultureInfo.InvariantCulture));
    }
}
