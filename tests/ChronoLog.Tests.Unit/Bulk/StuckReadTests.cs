using NUnit.Framework;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Bulk;

namespace ChronoLog.Tests.Unit.Bulk;

/// <summary>
/// Reads whose completion never comes, over tcp only: a shm target writes by itself, and its slab is held
/// until its process has gone.
/// </summary>
[TestFixture("ofi+tcp")]
[NonParallelizable]
public sealed class StuckReadTests(string provider) : BulkFixture(provider)
{
    private const int Length = 2 << 20;

    protected override FabricOptions Options => base.Options with { PullTimeout = TimeSpan.FromSeconds(1) };

    [Test]
    public async Task Reads_that_stay_away_are_ended_by_a_new_endpoint()
    {
        await using FabricBulkEndpoint puller = FabricBulkEndpoint.Open(
            Options with { StuckReadTimeout = TimeSpan.FromMilliseconds(100) });
        await using FabricBulkEndpoint healthy = FabricBulkEndpoint.Open(Options);
        Slab source = Filled(Owner, Length, 1);
        Slab other = Filled(healthy, Length, 5);
        Slab target = Filled(puller, Length, 2);
        using IExposure exposure = Expose(Owner, source);
        using IExposure otherExposure = Expose(healthy, other);
        await puller.PullAsync(exposure.Descriptor, target);
        Owner.Serve.Hold();
        Assert.That(await StatusOf(puller.PullAsync(exposure.Descriptor, target)), Is.EqualTo(Status.TimedOut));
        target.Release();
        await Until(() => puller.BytesRented == 0);
        target = Filled(puller, Length, 3);
        await puller.PullAsync(otherExposure.Descriptor, target);
        Assert.That(target.Span.SequenceEqual(other.Span), Is.True);
        Owner.Serve.Continue();
        await puller.PullAsync(exposure.Descriptor, target);
        Assert.That(target.Span.SequenceEqual(source.Span), Is.True);
    }
}
