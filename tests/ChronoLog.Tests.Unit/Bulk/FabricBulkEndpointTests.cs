using NUnit.Framework;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Bulk;
using Google.Protobuf;

namespace ChronoLog.Tests.Unit.Bulk;

[TestFixture("ofi+tcp")]
[TestFixture("ofi+sockets")]
[TestFixture("ofi+shm")]
[NonParallelizable]
public sealed class FabricBulkEndpointTests(string provider) : BulkFixture(provider)
{
    [TestCase(1)]
    [TestCase(64 << 10)]
    [TestCase((64 << 10) + 1)]
    [TestCase((7 << 20) + 17)]
    public async Task A_pull_brings_the_bytes_by_RMA_reads(int length)
    {
        Slab source = Filled(Owner, length, length);
        Slab target = Filled(Puller, length + 3, 7);
        byte[] beyond = target.Span[length..].ToArray();
        using IExposure exposure = Expose(Owner, source);
        await Puller.PullAsync(exposure.Descriptor, target);
        Assert.Multiple(() =>
        {
            Assert.That(target.Span[..length].SequenceEqual(source.Span), Is.True);
            Assert.That(target.Span[length..].SequenceEqual(beyond), Is.True, "nothing is written behind it");
            BulkStatistics statistics = Puller.Statistics;
            Assert.That(statistics.Pulls, Is.EqualTo(1));
            Assert.That(statistics.ReadsCompleted, Is.EqualTo(statistics.ReadsPosted));
            Assert.That(
                statistics.ReadsCompleted, Is.EqualTo(1 + ((length + (1 << 20) - 1) >> 20)), "entry and segments");
            Assert.That(statistics.BytesRead, Is.EqualTo(length + 64));
            Assert.That(Owner.Statistics.ReadsPosted, Is.Zero, "the owner of the memory reads nothing");
        });
        source.Release();
        target.Release();
    }

    [Test]
    public async Task Many_pulls_at_once_in_both_directions()
    {
        const int Count = 24;
        FabricBulkEndpoint[] sides = [Owner, Puller];
        await Task.WhenAll(Enumerable.Range(0, Count).Select(async i =>
        {
            FabricBulkEndpoint from = sides[i % 2];
            FabricBulkEndpoint to = sides[1 - (i % 2)];
            int length = 1 + (i * 77_777);
            Slab source = Filled(from, length, i);
            Slab target = await to.RentAsync(length);
            using (IExposure exposure = Expose(from, source))
            {
                await to.PullAsync(exposure.Descriptor, target);
            }

            Assert.That(target.Span.SequenceEqual(source.Span), Is.True, $"pull {i}");
            source.Release();
            target.Release();
        }));
        Assert.That(Owner.BytesRented + Puller.BytesRented, Is.Zero);
    }

    [Test]
    public async Task Bytes_that_differ_from_the_checksum_are_refused()
    {
        Slab source = Filled(Owner, 100_000, 1);
        Slab target = Filled(Puller, 100_000, 2);
        using IExposure exposure = Expose(Owner, source);
        source.Span[99_999] ^= 1;
        Assert.That(await StatusOf(Puller.PullAsync(exposure.Descriptor, target)), Is.EqualTo(Status.Corrupt));
        source.Span[99_999] ^= 1;
        Assert.That(await StatusOf(Puller.PullAsync(exposure.Descriptor, target)), Is.EqualTo(Status.Ok));
    }

    [Test]
    public async Task A_withdrawn_region_is_not_read_and_disturbs_no_other()
    {
        Slab source = Filled(Owner, 3 << 20, 1);
        Slab target = Filled(Puller, 3 << 20, 2);
        byte[] before = target.Span.ToArray();
        using IExposure open = Expose(Owner, source);
        IExposure closed = Expose(Owner, source);
        closed.Dispose();
        closed.Dispose();
        Assert.That(await StatusOf(Puller.PullAsync(closed.Descriptor, target)), Is.EqualTo(Status.NotExist));
        Assert.That(target.Span.SequenceEqual(before), Is.True);
        using IExposure successor = Expose(Owner, source); // takes the same place in the table
        Assert.That(successor.Descriptor.RemoteAddress, Is.EqualTo(closed.Descriptor.RemoteAddress));
        Assert.That(await StatusOf(Puller.PullAsync(closed.Descriptor, target)), Is.EqualTo(Status.NotExist));
        Assert.That(await StatusOf(Puller.PullAsync(open.Descriptor, target)), Is.EqualTo(Status.Ok));
        Assert.That(source.References, Is.EqualTo(3), "owner and two exposures");
    }

    [Test]
    public async Task Hostile_descriptors_are_refused_and_the_endpoint_stays_usable()
    {
        Slab source = Filled(Owner, 100_000, 1);
        Slab target = Filled(Puller, 100_000, 2);
        using IExposure exposure = Expose(Owner, source);
        (string Name, Action<BulkDescriptor> Change, Status Expected)[] cases =
        [
            ("length 0", d => d.Length = 0, Status.InvalidArgument),
            ("longer than the slab", d => d.Length = 100_001, Status.InvalidArgument),
            ("longest", d => d.Length = uint.MaxValue, Status.InvalidArgument),
            ("other provider", d => d.Provider = "verbs;ofi_rxm", Status.InvalidArgument),
            ("no provider", d => d.Provider = "", Status.InvalidArgument),
            ("no address", d => d.FabricAddress = ByteString.Empty, Status.InvalidArgument),
            ("10 KB address", d => d.FabricAddress = ByteString.CopyFrom(new byte[10_000]), Status.InvalidArgument),
            (
                "cut address",
                d => d.FabricAddress = ByteString.CopyFrom(d.FabricAddress.Span[..^1]),
                Status.InvalidArgument),
            ("entry out of range", d => d.RemoteAddress = 4096, Status.InvalidArgument),
            ("wild entry", d => d.RemoteAddress = ulong.MaxValue, Status.InvalidArgument),
            ("key 0", d => d.Key = 0, Status.InvalidArgument),
            ("random key", d => d.Key ^= 0x1234567, Status.NotExist),
            ("empty entry", d => d.RemoteAddress = 4095, Status.NotExist),
        ];
        foreach ((string name, Action<BulkDescriptor> change, Status expected) in cases)
        {
            BulkDescriptor descriptor = exposure.Descriptor.Clone();
            change(descriptor);
            Assert.That(await StatusOf(Puller.PullAsync(descriptor, target)), Is.EqualTo(expected), name);
        }

        Assert.That(await StatusOf(Puller.PullAsync(exposure.Descriptor, target)), Is.EqualTo(Status.Ok));
        Assert.That(target.References, Is.EqualTo(1));
    }

    [Test]
    public async Task More_than_was_exposed_is_not_read()
    {
        Slab source = Filled(Owner, 100_000, 1);
        Slab target = Filled(Puller, 100_000, 2);
        using IExposure exposure = Owner.Expose(source, 50_000, 0);
        BulkDescriptor descriptor = exposure.Descriptor.Clone();
        descriptor.Length = 50_001;
        Assert.That(await StatusOf(Puller.PullAsync(descriptor, target)), Is.EqualTo(Status.NotExist));
    }

    [Test]
    public async Task An_owner_that_has_gone_is_an_error_and_others_can_still_be_pulled_from()
    {
        FabricBulkEndpoint other = FabricBulkEndpoint.Open(Options);
        Slab lost = Filled(other, 100_000, 1);
        Slab source = Filled(Owner, 100_000, 1);
        Slab target = Filled(Puller, 100_000, 2);
        using IExposure exposure = Expose(Owner, source);
        IExposure gone = Expose(other, lost);
        Assert.That(await StatusOf(Puller.PullAsync(gone.Descriptor, target)), Is.EqualTo(Status.Ok));
        await other.DisposeAsync();
        await other.DisposeAsync();
        Assert.That(await StatusOf(Puller.PullAsync(gone.Descriptor, target)), Is.EqualTo(Status.NoConnection));
        Assert.That(await StatusOf(Puller.PullAsync(exposure.Descriptor, target)), Is.EqualTo(Status.Ok));
        Assert.That(await StatusOf(Puller.PullAsync(gone.Descriptor, target)), Is.EqualTo(Status.NoConnection));
        Assert.That(lost.Span.Length, Is.EqualTo(100_000), "a slab outlives its endpoint");
        gone.Dispose();
        lost.Release();
    }

    [Test]
    public async Task A_closed_endpoint_refuses_work()
    {
        Slab source = Filled(Owner, 1000, 1);
        Slab target = Filled(Puller, 1000, 2);
        using IExposure exposure = Expose(Owner, source);
        await Puller.DisposeAsync();
        Assert.That(await StatusOf(Puller.PullAsync(exposure.Descriptor, target)), Is.EqualTo(Status.Cancelled));
        Assert.That(Puller.TryRent(1), Is.Null);
    }

    [Test]
    public void Slabs_of_another_endpoint_are_refused()
    {
        Slab foreign = Filled(Puller, 1000, 1);
        ChronoLogException refused = Assert.Throws<ChronoLogException>(() => Owner.Expose(foreign, 1000, 0))!;
        Assert.That(refused.Status, Is.EqualTo(Status.InvalidArgument));
        Slab own = Filled(Owner, 1000, 1);
        Assert.Throws<ChronoLogException>(() => Owner.Expose(own, 1001, 0));
        Assert.Throws<ChronoLogException>(() => Owner.Expose(own, 0, 0));
    }
}
