using System.Numerics;
using System.Security.Cryptography;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;

namespace ChronoLog.Transport.Rings;

/// <summary>Creates rings as files in shared memory, within a budget. Thread-safe.</summary>
public sealed partial class SharedRingHost : IRingHost, IDisposable
{
    private const uint OwnerOnly = 0x180; // 0600
    private const uint OwnerAndGroup = 0x1B0; // 0660

    private readonly Lock gate = new();
    private readonly HashSet<SharedRing> rings = [];
    private long bytes;

    /// <param name="options">May be replaced later, see <see cref="Options"/>.</param>
    public SharedRingHost(SharedRingOptions? options = null) => Options = options ?? new SharedRingOptions();

    /// <summary>
    /// In force for rings made from now on: the Keeper's identity is known only after its registration.
    /// </summary>
    public SharedRingOptions Options { get; set; }

    /// <summary>Capacity of all rings that exist now.</summary>
    public long BytesUsed
    {
        get
        {
            lock (gate)
            {
                return bytes;
            }
        }
    }

    /// <inheritdoc cref="IRingHost.Create"/>
    public SharedRing Create(
        ulong clientId, ulong ringId, int producerPid, long capacityBytes, bool isMirror = false)
    {
        SharedRingOptions options = Options;
        Check(options, capacityBytes);
        Reserve(options, capacityBytes);
        SharedRing? ring = null;
        try
        {
            ring = Open(options, clientId, ringId, producerPid, capacityBytes, isMirror);
            lock (gate)
            {
                rings.Add(ring);
            }

            return ring;
        }
        finally
        {
            if (ring is null)
            {
                lock (gate)
                {
                    bytes -= capacityBytes;
                }
            }
        }
    }

    IRecordingRing IRingHost.Create(
        ulong clientId, ulong ringId, int producerPid, long capacityBytes, bool isMirror) =>
        Create(clientId, ringId, producerPid, capacityBytes, isMirror);

    public void Identify(ulong processId, ulong epoch) =>
        Options = Options with { KeeperProcessId = processId, KeeperEpoch = epoch };

    /// <summary>
    /// Lets go of the rings that are left. Their files go, but for those that hold something: the next process of the
    /// Keeper takes them up.
    /// </summary>
    public void Dispose()
    {
        SharedRing[] left;
        lock (gate)
        {
            left = [.. rings];
        }

        foreach (SharedRing ring in left)
        {
            if (ring.Tail > ring.Consumed)
            {
                ring.Leave();
            }
            else
            {
                ring.Dispose();
            }
        }
    }

    internal void Release(SharedRing ring, bool isLeft)
    {
        if (!isLeft)
        {
            File.Delete(ring.Path);
        }

        lock (gate)
        {
            if (rings.Remove(ring))
            {
                bytes -= ring.CapacityBytes;
            }
        }
    }

    private static void Check(SharedRingOptions options, long capacityBytes)
    {
        if (!BitOperations.IsPow2(capacityBytes) || capacityBytes < options.CapacityMin
            || capacityBytes > options.CapacityMax)
        {
            throw new ChronoLogException(
                Status.InvalidArgument,
                $"a ring of {capacityBytes} bytes was asked for; it must be a power of two from {options.CapacityMin} "
                + $"to {options.CapacityMax}");
        }
    }

    private void Reserve(SharedRingOptions options, long capacityBytes)
    {
        lock (gate)
        {
            if (bytes + capacityBytes > options.TotalBytesMax || rings.Count >= options.RingsMax)
            {
                throw new ChronoLogException(
                    Status.LimitExceeded,
                    $"no further ring of {capacityBytes} bytes: {rings.Count} rings with {bytes} bytes are open, "
                    + $"limits are {options.RingsMax} and {options.TotalBytesMax}; close clients or raise the limit");
            }

            bytes += capacityBytes;
        }
    }

    private SharedRing Open(
        SharedRingOptions options, ulong clientId, ulong ringId, int producerPid, long capacityBytes, bool isMirror)
    {
        // Nobody but who was told can guess the name: its file descriptor is not enough protection
        // in a shared /dev/shm.
        string secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        string path = Path.Combine(
            Path.GetFullPath(options.Directory),
            $"{PrefixOf(options)}{ringId:x}-{secret}");
        var identity = new RingIdentity(
            (ulong)capacityBytes, clientId, options.KeeperProcessId, options.KeeperEpoch, ringId, producerPid,
            options.GroupAccess && !isMirror ? OwnerAndGroup : OwnerOnly,
            (isMirror ? RingIdentity.Mirrored : 0) | (options.IsPrivate ? RingIdentity.Unguarded : 0));
        RingHandle? handle = RingHandle.Create(path, identity, out NativeError error);
        return handle is null
            ? throw NativeFailure.Exception(error.Status, $"creating ring '{path}'", error.Message)
            : new SharedRing(this, handle, path, clientId, ringId, producerPid, isMirror);
    }
}
