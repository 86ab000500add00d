using System.Collections.Concurrent;
using System.Text;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Fakes;

/// <summary>The data plane of one test: endpoints that see each other's exposed regions.</summary>
public sealed class InMemoryBulkNetwork
{
    private readonly ConcurrentDictionary<ulong, (InMemorySlab Slab, int Length)> exposed = new();
    private long nextKey;

    /// <summary>Regions open to remote reads now.</summary>
    public int Exposures => exposed.Count;

    public InMemoryBulk NewEndpoint(string name, long bytesBudget = 64 << 20, int slabBytesMax = 4 << 20) =>
        new(this, name, bytesBudget, slabBytesMax);

    internal ulong Open(InMemorySlab slab, int length)
    {
        ulong key = (ulong)Interlocked.Increment(ref nextKey);
        exposed[key] = (slab, length);
        return key;
    }

    internal void Close(ulong key) => exposed.TryRemove(key, out _);

    internal bool TryRead(ulong key, Span<byte> target)
    {
        if (!exposed.TryGetValue(key, out (InMemorySlab Slab, int Length) region) || region.Length < target.Length)
        {
            return false;
        }

        region.Slab.Span[..target.Length].CopyTo(target);
        return true;
    }
}

/// <summary>One process's endpoint: slabs of exactly the length asked for, a budget, pulls that verify.</summary>
public sealed class InMemoryBulk(InMemoryBulkNetwork network, string name, long bytesBudget, int slabBytesMax)
    : IBulkEndpoint
{
    private readonly Lock gate = new();
    private readonly LinkedList<(int Length, TaskCompletionSource<Slab> Done)> waiting = new();
    private long rented;
    private long pulls;

    public string Provider => "memory";

    public long BytesRented => Interlocked.Read(ref rented);

    public long BytesBudget => bytesBudget;

    public int SlabBytesMax => slabBytesMax;

    /// <summary>Pulls that ended well.</summary>
    public long Pulls => Interlocked.Read(ref pulls);

    /// <summary>Awaited before each pull reads; lets a test hold pulls back or fail them.</summary>
    public Func<BulkDescriptor, ValueTask>? BeforePull { get; set; }

    /// <summary>Called with the pulled bytes before they are verified; lets a test damage them.</summary>
    public Action<Memory<byte>>? Damage { get; set; }

    /// <summary>False leaves out what the real endpoint always does: for tests of tests.</summary>
    public bool VerifiesChecksum { get; set; } = true;

    public Slab? TryRent(int length)
    {
        CheckLength(length);
        lock (gate)
        {
            if (waiting.Count > 0 || rented + length > bytesBudget)
            {
                return null;
            }

            rented += length;
            return new InMemorySlab(this, length);
        }
    }

    public async ValueTask<Slab> RentAsync(int length, CancellationToken cancellation = default)
    {
        if (TryRent(length) is { } slab)
        {
            return slab;
        }

        var done = new TaskCompletionSource<Slab>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            waiting.AddLast((length, done));
        }

        using CancellationTokenRegistration registration =
            cancellation.UnsafeRegister(_ => done.TrySetCanceled(cancellation), null);
        Admit();
        return await done.Task;
    }

    public IExposure Expose(Slab slab, int length, uint crc32c)
    {
        slab.AddReference();
        var memory = (InMemorySlab)slab;
        ulong key = network.Open(memory, length);
        return new Exposure(network, memory, key, new BulkDescriptor
        {
            FabricAddress = Google.Protobuf.ByteString.CopyFrom(Encoding.UTF8.GetBytes(name)),
            Provider = Provider,
            RemoteAddress = key, // not the real one: what travels is the same in every run
            Key = key,
            Length = (uint)length,
            Crc32C = crc32c,
        });
    }

    public async ValueTask PullAsync(
        BulkDescriptor remote, Slab destination, CancellationToken cancellation = default, Action? arrived = null)
    {
        if (remote.Provider != Provider || remote.Length > (uint)destination.Length)
        {
            throw new ChronoLogException(
                Status.InvalidArgument, $"{name}: a descriptor that cannot be pulled: {remote}");
        }

        await (BeforePull?.Invoke(remote) ?? ValueTask.CompletedTask);
        cancellation.ThrowIfCancellationRequested();
        Memory<byte> target = ((InMemorySlab)destination).Bytes.AsMemory(0, (int)remote.Length);
        if (!network.TryRead(remote.Key, target.Span))
        {
            throw new ChronoLogException(Status.NoConnection, $"{name}: key {remote.Key} is not exposed");
        }

        arrived?.Invoke();
        Damage?.Invoke(target);
        if (VerifiesChecksum && Crc32C.Compute(target.Span) != remote.Crc32C)
        {
            throw new ChronoLogException(Status.Corrupt, $"{name}: CRC32C of {remote.Length} pulled bytes is wrong");
        }

        Interlocked.Increment(ref pulls);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal void Return(int length)
    {
        lock (gate)
        {
            rented -= length;
        }

        Admit();
    }

    private void Admit()
    {
        lock (gate)
        {
            while (waiting.First is { } first)
            {
                if (!first.Value.Done.Task.IsCompleted)
                {
                    if (rented + first.Value.Length > bytesBudget)
                    {
                        return;
                    }

                    var slab = new InMemorySlab(this, first.Value.Length);
                    rented += first.Value.Done.TrySetResult(slab) ? first.Value.Length : 0;
                }

                waiting.RemoveFirst();
            }
        }
    }

    private void CheckLength(int length)
    {
        if (length <= 0 || length > slabBytesMax)
        {
            throw new ChronoLogException(
                Status.LimitExceeded, $"{name}: a slab of {length} bytes is not within 1..{slabBytesMax}");
        }
    }

    private sealed class Exposure(
        InMemoryBulkNetwork network, InMemorySlab slab, ulong key, BulkDescriptor descriptor) : IExposure
    {
        private int disposed;

        public BulkDescriptor Descriptor => descriptor;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref disposed, 1) == 0)
            {
                network.Close(key);
                slab.Release();
            }
        }
    }
}

/// <summary>Pinned managed memory that returns to its endpoint's budget with the last reference.</summary>
public sealed unsafe class InMemorySlab : Slab
{
    private readonly InMemoryBulk owner;

    internal InMemorySlab(InMemoryBulk owner, int length)
    {
        this.owner = owner;
        Bytes = GC.AllocateArray<byte>(length, pinned: true);
        fixed (byte* first = Bytes)
        {
            Address = (nint)first;
        }
    }

    public override nint Address { get; }

    public override long Length => Bytes.Length;

    public override Span<byte> Span => Bytes;

    internal byte[] Bytes { get; private set; }

    protected override void Free()
    {
        int length = Bytes.Length;
        Bytes = []; // a late reader fails loudly
        owner.Return(length);
    }
}
