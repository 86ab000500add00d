namespace ChronoLog.Core.Ports;

/// <summary>Creates the rings that clients record into.</summary>
public interface IRingHost
{
    /// <summary>Creates a ring in shared memory.</summary>
    /// <param name="clientId">The client that will map it; every event of the ring is this client's.</param>
    /// <param name="ringId">Unique in this process and epoch.</param>
    /// <param name="producerPid">The client's process, watched for its death; 0 if unknown.</param>
    /// <param name="capacityBytes">A power of two between the host's limits.</param>
    /// <param name="isMirror">The client is on another node: the Keeper itself feeds the ring.</param>
    /// <exception cref="Protocol.ChronoLogException">A limit was passed, or shared memory is exhausted.</exception>
    IRecordingRing Create(ulong clientId, ulong ringId, int producerPid, long capacityBytes, bool isMirror = false);

    /// <summary>Names the owner of the rings made from now on.</summary>
    void Identify(ulong processId, ulong epoch);

    /// <summary>
    /// Takes up the rings of an earlier process of this Keeper: their clients may still be recording into them. Before
    /// the first one is created.
    /// </summary>
    /// <param name="journaled">By ring id: the position up to which the journal has the ring's events.</param>
    ReattachedRings Reattach(IReadOnlyDictionary<ulong, long> journaled);
}

/// <summary>What <see cref="IRingHost.Reattach"/> found.</summary>
/// <param name="Rings">Each at the position behind the last event that is in the journal.</param>
/// <param name="Troubles">For people: files that are not followed, and why.</param>
public sealed record ReattachedRings(IReadOnlyList<ReattachedRing> Rings, IReadOnlyList<string> Troubles);

/// <summary>A ring of an earlier process of this Keeper.</summary>
/// <param name="Ring">To be consumed further.</param>
/// <param name="ProducerPid">The client's process; 0 if unknown.</param>
/// <param name="KeeperProcessId">Of the process that made it.</param>
/// <param name="IsClosed">Nothing can be reserved in it any more.</param>
public sealed record ReattachedRing(
    IRecordingRing Ring, uint ProducerPid, ulong KeeperProcessId, bool IsClosed = false);

/// <summary>
/// Consumer's side of a many-producer ring of <see cref="Model.RecordFrame"/>s. One consumer thread. The producers'
/// memory is not trusted: what is read from it is checked, and a ring that breaks the protocol is
/// reported, not followed.
/// </summary>
public interface IRecordingRing : IDisposable
{
    ulong RingId { get; }

    ulong ClientId { get; }

    /// <summary>The file that a client maps.</summary>
    string Path { get; }

    long CapacityBytes { get; }

    /// <summary>The Keeper's end of a ring whose client is on another node: nobody but the Keeper writes to it.</summary>
    bool IsMirror { get; }

    /// <summary>Bytes consumed since the ring was made: the consumer's position.</summary>
    long Consumed { get; }

    /// <summary>Bytes reserved by producers since the ring was made. May be read from any thread.</summary>
    long Tail { get; }

    /// <summary>The position that was published last by <see cref="PublishDurable"/>. From any thread.</summary>
    long Durable { get; }

    /// <summary>False once the producer's process has gone: nothing more will be committed.</summary>
    bool ProducerAlive { get; }

    /// <summary>True once the producer closed the ring in order.</summary>
    bool ProducerClosed { get; }

    /// <summary>
    /// The committed frames at the consumer's position: whole frames, contiguous, at most <paramref name="maxBytes"/>
    /// (but at least one frame if any is committed); padding is passed over. Empty when nothing is committed there.
    /// </summary>
    /// <exception cref="Protocol.ChronoLogException"><see cref="Protocol.Status.Corrupt"/>.</exception>
    ReadOnlySpan<byte> Committed(int maxBytes);

    /// <summary>
    /// Gives the first bytes of what <see cref="Committed"/> returned back to the producers and publishes the position.
    /// </summary>
    void Consume(int bytes);

    /// <summary>
    /// After the producer's death: passes over frames that were reserved and never committed, up
    /// to the next committed one.
    /// </summary>
    /// <returns>Bytes passed over.</returns>
    int SkipAbandoned();

    /// <summary>
    /// Appends a span of the client's end to a mirror, as it lies there, if it is the next one and the ring is open. One
    /// thread, the one that disposes the ring.
    /// </summary>
    /// <param name="from">The span's position.</param>
    /// <param name="bytes">Whole frames in one piece. What they hold is checked where they are read.</param>
    /// <exception cref="Protocol.ChronoLogException">
    /// <see cref="Protocol.Status.InvalidArgument"/>: it is no mirror, or the span cannot lie there.
    /// </exception>
    bool TryFeed(long from, ReadOnlySpan<byte> bytes);

    /// <summary>
    /// Tells waiting producers that the consumer lives: at least once a second, also while it
    /// takes nothing from the ring.
    /// </summary>
    void Beat();

    /// <summary>
    /// No producer can reserve from now on; what was reserved before will still be committed and is to be
    /// consumed. From any thread.
    /// </summary>
    void CloseToProducers();

    /// <summary>
    /// Lets go of the ring and leaves its file, with what is in it, to the Keeper's next process. (Disposing removes
    /// it.)
    /// </summary>
    void Leave();

    /// <summary>
    /// Publishes that everything before the position is synced to the device. From any thread, one at a time.
    /// </summary>
    void PublishDurable(long position);
}
