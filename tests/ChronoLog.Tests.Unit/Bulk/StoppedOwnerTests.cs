using NUnit.Framework;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Bulk;

namespace ChronoLog.Tests.Unit.Bulk;

/// <summary>
/// Owners that are alive and make no progress. (sockets makes progress by itself, so it is not among them.)
/// </summary>
[TestFixture("ofi+tcp")]
[TestFixture("ofi+shm")]
[NonParallelizable]
public sealed class StoppedOwnerTests(string provider) : BulkFixture(provider)
{
    private const int Length = 2 << 20;

    private readonly bool shm = provider == "ofi+shm";

    protected override FabricOptions Options => base.Options with { PullTimeout = TimeSpan.FromSeconds(1) };

    [Test]
    public async Task A_read_in_time_out_keeps_its_slab_until_it_completes()
    {
        Slab source = Filled(Owner, Length, 1);
        Slab target = Filled(Puller, Length, 2);
        using IExposure exposure = Expose(Owner, source);
        await Puller.PullAsync(exposure.Descriptor, target);
        Owner.Serve.Hold();
        Assert.That(await StatusOf(Puller.PullAsync(exposure.Descriptor, target)), Is.EqualTo(Status.TimedOut));
        target.Release();
        Assert.That(Puller.BytesRented, Is.EqualTo(Length), "a late read may still write there");
        Assert.That(Puller.Statistics.BytesQuarantined, Is.EqualTo(Length));
        Owner.Serve.Continue();
        await Until(() => Puller.BytesRented == 0);
        Assert.That(Puller.Statistics.BytesQuarantined, Is.Zero);
        target = Filled(Puller, Length, 3);
        await Puller.PullAsync(exposure.Descriptor, target);
        Assert.That(target.Span.SequenceEqual(source.Span), Is.True);
    }

    [Test]
    public async Task A_caller_can_give_up()
    {
        // One whose own time-out does not come first, however slow the machine is.
        await using FabricBulkEndpoint patient = FabricBulkEndpoint.Open(base.Options);
        Slab source = Filled(Owner, Length, 1);
        Slab target = Filled(patient, Length, 2);
        using IExposure exposure = Expose(Owner, source);
        await patient.PullAsync(exposure.Descriptor, target);
        Owner.Serve.Hold();
        using var cancellation = new CancellationTokenSource();
        Task pull = patient.PullAsync(exposure.Descriptor, target, cancellation.Token).AsTask();
        await Until(() => patient.Statistics.ReadsPosted > patient.Statistics.ReadsCompleted);
        await cancellation.CancelAsync();
        Assert.That(async () => await pull, Throws.InstanceOf<OperationCanceledException>());
        Owner.Serve.Continue();
    }

    [Test]
    public async Task The_owner_of_a_read_in_flight_goes()
    {
        Slab source = Filled(Owner, Length, 1);
        Slab target = Filled(Puller, Length, 2);
        IExposure exposure = Expose(Owner, source);
        await Puller.PullAsync(exposure.Descriptor, target);
        Owner.Serve.Hold();
        Task<Status> pull = StatusOf(Puller.PullAsync(exposure.Descriptor, target));
        await Until(() => Puller.Statistics.ReadsPosted > Puller.Statistics.ReadsCompleted);
        await Owner.DisposeAsync();
        Assert.That(await pull, Is.AnyOf(Status.NoConnection, Status.TimedOut));
        target.Release();
        await Until(() => Puller.BytesRented == 0);
    }
}
