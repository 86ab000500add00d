using ChronoLog.Core.Protocol;

namespace ChronoLog.Transport.Rings;

/// <summary>
/// The client's end of a ring whose Keeper is on another node. The client's own process is its consumer: it reads what
/// is committed ahead of <see cref="Consumed"/>, and consumes what the Keeper says that it has. One thread, but for
/// what says otherwise.
/// </summary>
public interface IMirroredRing : IDisposable
{
    ulong RingId { get; }

    /// <summary>To be mapped by the recorder; after <see cref="Unlink"/> nobody can any more.</summary>
    string Path { get; }

    long CapacityBytes { get; }

    /// <summary>Bytes reserved by producers since the ring was made. May be read from any thread.</summary>
    long Tail { get; }

    /// <summary>Bytes given back to the producers: the Keeper has journaled them.</summary>
    long Consumed { get; }

    /// <summary>Nothing more will be reserved: <see cref="Tail"/> is final.</summary>
    bool IsClosed { get; }

    /// <summary>
    /// Bytes of whole committed frames from a position on, padding included, that lie in one piece: at most
    /// <paramref name="maxBytes"/>, but at least one frame if there is one. 0 = none is.
    /// </summary>
    /// <exception cref="ChronoLogException"><see cref="Status.Corrupt"/>: this process has overwritten its ring.</exception>
    int CommittedAfter(long from, int maxBytes);

    /// <summary>Copies bytes that <see cref="CommittedAfter"/> has counted.</summary>
    void Copy(long from, Span<byte> destination);

    /// <summary>Gives everything before a position of a frame back to the producers, and publishes the position.</summary>
    void ConsumeThrough(long through);

    /// <summary>Publishes that everything before the position is on the Keeper's device.</summary>
    void PublishDurable(long position);

    /// <summary>Publishes that the Keeper lives.</summary>
    void Beat();

    /// <summary>The Keeper takes no more: producers can reserve nothing from now on.</summary>
    void CloseToProducers();

    /// <summary>
    /// Takes the file's name away: no other process can use what is in it, and nothing stays behind when this one dies.
    /// </summary>
    void Unlink();
}
