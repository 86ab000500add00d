using System.Numerics;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Fabric;
using ChronoLog.Interop.Memory;

namespace ChronoLog.Transport.Bulk;

/// <summary>
/// Registered memory in power-of-two sizes within one budget. Thread-safe.
/// </summary>
/// <remarks>
/// One reservation of address space holds a range per size class, each as long as the budget, so that no mixture of sizes
/// can fragment the memory; what is resident (rented and cached slabs) never exceeds the budget, because caches of other
/// classes are given back to the system before a new place is taken.
/// <code>
///  | 64 KiB places ... | 128 KiB places ... | ... | largest slab's places ... |
///  |&lt;---- budget -----&gt;|&lt;----- budget -----&gt;|
/// </code>
/// Waiting is first come, first served: while someone waits, nobody overtakes him, however small his wish.
/// </remarks>
internal sealed class SlabPool : IDisposable
{
    /// <summary>Smaller wishes get this: below it registration and announcement outweigh the bytes.</summary>
    internal const int SmallestSlabBytes = 64 << 10;

    private readonly Lock gate = new();
    private readonly LinkedList<SlabWaiter> waiters = new();
    private readonly SizeClass[] classes;
    private readonly MemoryReservation memory;
    private readonly Func<nint, int, MemoryRegion?> register;
    private long rented;
    private long cached;
    private bool closed;

    /// <param name="budgetBytes">Most bytes rented at once; a multiple of the largest slab is best.</param>
    /// <param name="largestSlabBytes">A power of two.</param>
    /// <param name="register">Makes a new place usable for local operations; null where that needs nothing.</param>
    internal SlabPool(long budgetBytes, int largestSlabBytes, Func<nint, int, MemoryRegion?> register)
    {
        this.register = register;
        BudgetBytes = budgetBytes;
        LargestSlabBytes = largestSlabBytes;
        classes = new SizeClass[BitOperations.Log2((uint)(largestSlabBytes / SmallestSlabBytes)) + 1];
        long offset = 0;
        for (int i = 0; i < classes.Length; i++)
        {
            int size = SmallestSlabBytes << i;
            classes[i] = new SizeClass(offset, size);
            offset += budgetBytes / size * size;
        }

        memory = new MemoryReservation(offset);
        Start = memory.Address;
    }

    internal long BudgetBytes { get; }

    internal int LargestSlabBytes { get; }

    internal nint Start { get; }

    internal long ReservedBytes => memory.Length;

    internal long BytesRented => Interlocked.Read(ref rented);

    /// <summary>Resident though nobody rents it.</summary>
    internal long BytesCached => Interlocked.Read(ref cached);

    /// <exception cref="ChronoLogException"><see cref="Status.LimitExceeded"/>.</exception>
    internal Slab? TryRent(int length)
    {
        int sizeClass = ClassOf(length);
        lock (gate)
        {
            return waiters.Count == 0 && HasRoom(sizeClass) ? Take(sizeClass, length) : null;
        }
    }

    internal ValueTask<Slab> RentAsync(int length, CancellationToken cancellation)
    {
        int sizeClass = ClassOf(length);
        cancellation.ThrowIfCancellationRequested();
        SlabWaiter waiter;
        lock (gate)
        {
            if (waiters.Count == 0 && HasRoom(sizeClass))
            {
                return ValueTask.FromResult<Slab>(Take(sizeClass, length));
            }

            waiter = new SlabWaiter(length);
            waiters.AddLast(waiter);
        }

        return cancellation.CanBeCanceled ? WaitAsync(waiter, cancellation) : new ValueTask<Slab>(waiter.Task);
    }

    /// <summary>Gives a slab's memory back; its last reference is gone.</summary>
    internal void Return(SlabRegion region)
    {
        lock (gate)
        {
            if (!region.Rented)
            {
                throw new InvalidOperationException($"the slab at offset {region.Offset} was given back twice");
            }

            region.Rented = false;
            rented -= region.Size;
            cached += region.Size;
            classes[region.SizeClass].Cached.Push(region);
            Admit();
            ReleaseIfDone();
        }
    }

    /// <summary>Fails who waits; the memory goes when the last slab is given back.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (closed)
            {
                return;
            }

            closed = true;
            foreach (SlabWaiter waiter in waiters)
            {
                waiter.TrySetException(Closed());
            }

            waiters.Clear();
            ReleaseIfDone();
        }
    }

    private static ChronoLogException Closed() => new(Status.Cancelled, "the bulk endpoint was closed");

    private int ClassOf(int length)
    {
        if (length <= 0 || length > LargestSlabBytes)
        {
            throw new ChronoLogException(
                Status.LimitExceeded,
                $"a slab of {length} bytes was asked for; slabs have 1 to {LargestSlabBytes} bytes: " +
                "send less at once, or raise the largest slab");
        }

        int rounded = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(length, SmallestSlabBytes));
        return BitOperations.Log2((uint)(rounded / SmallestSlabBytes));
    }

    private bool HasRoom(int sizeClass) => !closed && rented + classes[sizeClass].Size <= BudgetBytes;

    private FabricSlab Take(int sizeClass, int length)
    {
        SizeClass from = classes[sizeClass];
        if (from.Cached.TryPop(out SlabRegion? region))
        {
            cached -= region.Size;
        }
        else
        {
            MakeRoom(from.Size);
            region = Open(sizeClass);
        }

        region.Rented = true;
        rented += region.Size;
        return new FabricSlab(this, region, length);
    }

    private SlabRegion Open(int sizeClass)
    {
        SizeClass from = classes[sizeClass];
        int index = from.Vacant.TryPop(out int vacant) ? vacant : from.Opened++;
        long offset = from.Offset + ((long)index * from.Size);
        var region = new SlabRegion(sizeClass, index, offset, from.Size);
        try
        {
            region.Local = register(Start + (nint)offset, from.Size);
        }
        catch (FabricException exception)
        {
            from.Vacant.Push(index);
            throw new ChronoLogException(
                Status.NoSpace, $"registering a slab of {from.Size} bytes failed: raise the limit of locked memory " +
                "(ulimit -l) or lower the bulk budget", exception);
        }

        region.Locked = memory.TryPin(offset, from.Size);
        return region;
    }

    // The mirror of Open.
    private void Vacate(SlabRegion region)
    {
        region.Local?.Dispose();
        memory.Unpin(region.Offset, region.Size, region.Locked);
        classes[region.SizeClass].Vacant.Push(region.Index);
    }

    private void MakeRoom(int size)
    {
        for (int i = classes.Length - 1; i >= 0 && rented + cached + size > BudgetBytes; i--)
        {
            while (rented + cached + size > BudgetBytes && classes[i].Cached.TryPop(out SlabRegion? region))
            {
                cached -= region.Size;
                Vacate(region);
            }
        }
    }

    private void Admit()
    {
        while (waiters.First is { } first)
        {
            SlabWaiter waiter = first.Value;
            int sizeClass = ClassOf(waiter.Length);
            if (!HasRoom(sizeClass))
            {
                return;
            }

            waiters.RemoveFirst();
            Grant(waiter, sizeClass);
        }
    }

    private void Grant(SlabWaiter waiter, int sizeClass)
    {
        try
        {
            waiter.SetResult(Take(sizeClass, waiter.Length));
        }
        catch (ChronoLogException exception)
        {
            waiter.SetException(exception);
        }
    }

    private async ValueTask<Slab> WaitAsync(SlabWaiter waiter, CancellationToken cancellation)
    {
        await using CancellationTokenRegistration registration =
            cancellation.UnsafeRegister(_ => Withdraw(waiter, cancellation), null);
        return await waiter.Task.ConfigureAwait(false);
    }

    private void Withdraw(SlabWaiter waiter, CancellationToken cancellation)
    {
        lock (gate)
        {
            // Not in the queue: it was granted, and its owner has the slab.
            if (waiters.Remove(waiter))
            {
                waiter.SetCanceled(cancellation);
                Admit();
            }
        }
    }

    private void ReleaseIfDone()
    {
        if (!closed || rented != 0)
        {
            return;
        }

        foreach (SizeClass sizeClass in classes)
        {
            while (sizeClass.Cached.TryPop(out SlabRegion? region))
            {
                cached -= region.Size;
                Vacate(region);
            }
        }

        memory.Dispose();
    }

    private sealed class SizeClass(long offset, int size)
    {
        internal long Offset => offset;

        internal int Size => size;

        /// <summary>Resident and registered, to be rented again; the last one used first, while it is in the cache.</summary>
        internal Stack<SlabRegion> Cached { get; } = new();

        /// <summary>Places given back to the system.</summary>
        internal Stack<int> Vacant { get; } = new();

        /// <summary>Places that were ever used.</summary>
        internal int Opened { get; set; }
    }
}
