using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Ports;

/// <summary>
/// The data plane of a process: registered memory, exposed read-only for as long as needed, and pulled by the other
/// side (libfabric RMA read). Thread-safe.
/// </summary>
public interface IBulkEndpoint : IAsyncDisposable
{
    /// <summary>Name of the libfabric provider in use, for example "tcp;ofi_rxm".</summary>
    string Provider { get; }

    /// <summary>Bytes rented now, and the most that may be.</summary>
    long BytesRented { get; }

    long BytesBudget { get; }

    /// <summary>Largest slab that can be rented, in bytes; whatever is larger travels in parts.</summary>
    int SlabBytesMax { get; }

    /// <summary>Rents registered memory, or null when the budget is exhausted.</summary>
    /// <exception cref="ChronoLogException">
    /// <see cref="Status.LimitExceeded"/>: larger than the largest slab.
    /// </exception>
    Slab? TryRent(int length);

    /// <summary>Rents registered memory, waiting (first come, first served) until the budget has room.</summary>
    ValueTask<Slab> RentAsync(int length, CancellationToken cancellation = default);

    /// <summary>
    /// Opens the first <paramref name="length"/> bytes of a slab to remote reads until the exposure is disposed.
    /// </summary>
    /// <param name="slab">The exposure holds a reference of its own.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="crc32c">Of those bytes; travels in the descriptor.</param>
    IExposure Expose(Slab slab, int length, uint crc32c);

    /// <summary>
    /// Reads the remote region into the slab by RMA, and verifies its CRC32C. The descriptor is not trusted: provider,
    /// length and address are checked first.
    /// </summary>
    /// <param name="remote">What to read.</param>
    /// <param name="destination">At least as long.</param>
    /// <param name="cancellation">Of the wait.</param>
    /// <param name="arrived">
    /// Called from any thread when the bytes are here, before they are verified: unless that fails, the remote region is
    /// not needed any more.
    /// </param>
    /// <exception cref="ChronoLogException">
    /// <see cref="Status.Corrupt"/>, <see cref="Status.InvalidArgument"/>, <see cref="Status.NoConnection"/>,
    /// <see cref="Status.TimedOut"/>; <see cref="Status.NotExist"/>: the owner has withdrawn the region.
    /// </exception>
    /// <exception cref="OperationCanceledException">
    /// The caller's token; the slab may be released all the same.
    /// </exception>
    ValueTask PullAsync(
        BulkDescriptor remote, Slab destination, CancellationToken cancellation = default, Action? arrived = null);
}

/// <summary>A region open to remote reads. Disposing it closes the region.</summary>
public interface IExposure : IDisposable
{
    BulkDescriptor Descriptor { get; }
}

/// <summary>Registered memory of the pool; returns there with its last reference.</summary>
public abstract class Slab : PayloadBlock
{
    /// <summary>The whole slab.</summary>
    public abstract Span<byte> Span { get; }
}
