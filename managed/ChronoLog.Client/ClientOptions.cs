using ChronoLog.Transport.Rings;

namespace ChronoLog.Client;

/// <summary>How a client connects and behaves.</summary>
public sealed record ClientOptions
{
    /// <summary>The Visor's client portal.</summary>
    public string Endpoint { get; init; } = "tcp://127.0.0.1:5555";

    /// <summary>How the program is called in <c>chronolog status</c>.</summary>
    public string Program { get; init; } = Path.GetFileName(Environment.ProcessPath ?? "client");

    /// <summary>
    /// Shown in <c>chronolog status</c>: whatever tells this process from the others, at most 64. A process of mpirun or
    /// srun has <c>rank size local_rank job launcher</c> without being asked.
    /// </summary>
    public IReadOnlyDictionary<string, string> Attributes { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Where events go: to one Keeper, of this node if the group has one here; or in turn to all Keepers of the group.
    /// </summary>
    public Placement Placement { get; init; } = Placement.LocalFirst;

    /// <summary>Size of the ring shared with a Keeper; 0 = the Keeper's default.</summary>
    public long RingCapacityBytes { get; init; }

    /// <summary>
    /// False: takes every Keeper for one of another node. For a process that can't map the memory of its node's
    /// Keepers, in a container for example. By default true, unless the environment has CHRONOLOG_SHARED_MEMORY=0.
    /// </summary>
    public bool SharedMemory { get; init; } = Environment.GetEnvironmentVariable("CHRONOLOG_SHARED_MEMORY") != "0";

    /// <summary>How long recording waits for room in a full ring before it fails.</summary>
    public TimeSpan FullTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a Keeper may give no sign of life (it gives four a second) before recording goes over to another one of
    /// the group, with everything that it has not taken yet. Too short only costs copying: nothing is lost
    /// or repeated when it comes back.
    /// </summary>
    public TimeSpan FailoverAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Bytes that a replay moves at a time, 64 KiB to 16 MiB. A page costs a request and two round trips of RMA, some
    /// ten switches of threads in all: with 1 MiB they took as much processor time as the events of 64 bytes in it. Two
    /// pages lie in each process on the way, so a Player with very many replays at once is better served by less.
    /// </summary>
    public int ReplayPageBytes { get; init; } = 4 << 20;

    /// <summary>Longest wait for an answer of the Visor or a Keeper.</summary>
    public TimeSpan CallDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long connecting tries an endpoint at which nobody listens: a Visor that is not there is known at once, one that is
    /// just being started or restarted is there a moment later. Never longer than <see cref="CallDeadline"/>. A client that is
    /// connected waits for its Visor as long as for any answer.
    /// </summary>
    public TimeSpan ConnectPatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait for the opening of a replay, and for each of its pages.</summary>
    public TimeSpan ReplayDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a release waits for the chronicle's durability level.</summary>
    public TimeSpan ReleaseTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
