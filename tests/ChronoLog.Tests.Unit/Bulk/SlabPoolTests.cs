using NUnit.Framework;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Bulk;
using FsCheck;
using FsCheck.Fluent;

namespace ChronoLog.Tests.Unit.Bulk;

public sealed class SlabPoolTests
{
    private const int Kibi = 1 << 10;

    private static SlabPool NewPool(long budget = 1024 * Kibi, int largest = 512 * Kibi) =>
        new(budget, largest, static (_, _) => null);

    [TestCase(1, 64 * Kibi)]
    [TestCase(64 * Kibi, 64 * Kibi)]
    [TestCase((64 * Kibi) + 1, 128 * Kibi)]
    [TestCase(512 * Kibi, 512 * Kibi)]
    public void A_slab_is_as_long_as_asked_for_and_costs_the_next_power_of_two(int length, int cost)
    {
        using SlabPool pool = NewPool();
        Slab slab = pool.TryRent(length)!;
        Assert.That(slab.Length, Is.EqualTo(length));
        Assert.That(slab.Span.Length, Is.EqualTo(length));
        Assert.That(pool.BytesRented, Is.EqualTo(cost));
        Assert.That(slab.Address % Environment.SystemPageSize, Is.EqualTo((nint)0));
        slab.Release();
        Assert.That(pool.BytesRented, Is.Zero);
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase((512 * Kibi) + 1)]
    [TestCase(int.MaxValue)]
    public void Other_lengths_are_refused(int length)
    {
        using SlabPool pool = NewPool();
        Assert.That(
            Assert.Throws<ChronoLogException>(() => pool.TryRent(length))!.Status, Is.EqualTo(Status.LimitExceeded));
        Assert.Throws<ChronoLogException>(() => _ = pool.RentAsync(length, default));
    }

    [Test]
    public void A_released_slab_cannot_be_released_again()
    {
        using SlabPool pool = NewPool();
        var slab = (FabricSlab)pool.TryRent(1)!;
        SlabRegion region = slab.Region;
        slab.Release();
        Assert.Throws<InvalidOperationException>(slab.Release);
        Assert.Throws<InvalidOperationException>(() => pool.Return(region));
        Assert.That(pool.BytesRented, Is.Zero);
    }

    [Test]
    public async Task Waiting_is_first_come_first_served_and_small_wishes_do_not_overtake()
    {
        using SlabPool pool = NewPool();
        Slab first = pool.TryRent(512 * Kibi)!;
        Slab second = pool.TryRent(256 * Kibi)!;
        Task<Slab> large = pool.RentAsync(512 * Kibi, default).AsTask();
        Task<Slab> small = pool.RentAsync(64 * Kibi, default).AsTask();
        Assert.That(pool.TryRent(1), Is.Null, "there is room, but someone waits");
        Assert.That(small.IsCompleted, Is.False);
        first.Release();
        (await large).Release();
        (await small).Release();
        second.Release();
        Assert.That(pool.BytesRented, Is.Zero);
    }

    [Test]
    public async Task Who_gives_up_waiting_makes_way()
    {
        using SlabPool pool = NewPool();
        Slab held = pool.TryRent(512 * Kibi)!;
        Slab small = pool.TryRent(256 * Kibi)!;
        using var cancellation = new CancellationTokenSource();
        Task<Slab> large = pool.RentAsync(512 * Kibi, cancellation.Token).AsTask();
        Task<Slab> next = pool.RentAsync(256 * Kibi, default).AsTask();
        Assert.That(next.IsCompleted, Is.False);
        await cancellation.CancelAsync();
        Assert.That(async () => await large, Throws.InstanceOf<OperationCanceledException>());
        (await next).Release();
        held.Release();
        small.Release();
        Assert.That(pool.BytesRented, Is.Zero);
    }

    [Test]
    public void Memory_of_small_slabs_makes_way_for_a_large_one()
    {
        using SlabPool pool = NewPool();
        Slab[] small = [.. Enumerable.Range(0, 16).Select(_ => pool.TryRent(1)!)];
        Assert.That(pool.TryRent(1), Is.Null);
        foreach (Slab slab in small)
        {
            slab.Span.Fill(1);
            slab.Release();
        }

        Assert.That(pool.BytesCached, Is.EqualTo(1024 * Kibi));
        Slab large = pool.TryRent(512 * Kibi)!;
        Assert.That(pool.BytesCached + pool.BytesRented, Is.LessThanOrEqualTo(1024 * Kibi));
        large.Release();
    }

    [Test]
    public async Task Closing_fails_who_waits_and_leaves_rented_memory_alone()
    {
        SlabPool pool = NewPool();
        Slab first = pool.TryRent(512 * Kibi)!;
        Slab second = pool.TryRent(512 * Kibi)!;
        Task<Slab> waiting = pool.RentAsync(1, default).AsTask();
        pool.Dispose();
        Assert.That(async () => await waiting, Throws.InstanceOf<ChronoLogException>());
        first.Span.Fill(1);
        first.Release();
        second.Span.Fill(2);
        second.Release();
        await Task.CompletedTask;
    }

    /// <summary>Against a model: a sum, and the rule that rented slabs never overlap.</summary>
    [FsCheck.NUnit.Property]
    public Property Budget_and_disjointness(NonEmptyArray<int> steps)
    {
        using SlabPool pool = NewPool();
        var held = new List<(Slab Slab, int Cost)>();
        bool right = true;
        foreach (int step in steps.Get)
        {
            int choice = Math.Abs(step % 1000);
            if (choice % 3 == 0 && held.Count > 0)
            {
                int victim = choice % held.Count;
                held[victim].Slab.Release();
                held.RemoveAt(victim);
                continue;
            }

            int size = 64 * Kibi << (choice % 4);
            bool fits = held.Sum(static item => item.Cost) + size <= 1024 * Kibi;
            Slab? slab = pool.TryRent(size - (choice % 7));
            right &= fits == slab is not null;
            if (slab is not null)
            {
                right &= held.TrueForAll(item => Disjoint(item.Slab, item.Cost, slab, size));
                held.Add((slab, size));
            }

            right &= pool.BytesRented == held.Sum(static item => item.Cost);
            right &= pool.BytesRented + pool.BytesCached <= 1024 * Kibi;
        }

        held.ForEach(static item => item.Slab.Release());
        return (right && pool.BytesRented == 0).ToProperty();
    }

    private static bool Disjoint(Slab left, int leftSize, Slab right, int rightSize) =>
        left.Address + leftSize <= right.Address || right.Address + rightSize <= left.Address;
}
