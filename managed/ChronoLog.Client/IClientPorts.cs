using ChronoLog.Core.Agents;
using ChronoLog.Core.Launch;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Client;

/// <summary>
/// What a client has of its process, its node and the network: real in an application (<see cref="NativeClientPorts"/>),
/// virtual in a simulation. Recording does not come through here: a <see cref="StoryHandle"/> goes straight to C.
/// </summary>
internal interface IClientPorts : IAsyncDisposable
{
    IRpcConnector Connector { get; }

    ITimers Timers { get; }

    /// <summary>The base clock as this process knows it.</summary>
    IBaseClock Clock { get; }

    /// <summary>The node: memory is shared with Keepers of the same one.</summary>
    string Host { get; }

    uint ProcessId { get; }

    /// <summary>What mpirun or srun made of the process; null: it was started otherwise.</summary>
    LaunchedRank? Rank { get; }

    /// <summary>
    /// Where continuations run: on the pool (false), because an application's context may be blocked in a call of ours;
    /// or where they were awaited, which a simulation needs that has one thread and decides who runs next.
    /// </summary>
    bool StaysOnContext { get; }

    /// <summary>Sets the clock from the Visor's.</summary>
    /// <exception cref="ChronoLogException">The Visor did not answer.</exception>
    Task SynchronizeAsync(IRpcChannel portal, CancellationToken cancellation);

    /// <summary>Keeps the clock set until cancelled.</summary>
    Task KeepSynchronizedAsync(IRpcChannel portal, TimeSpan period, CancellationToken cancellation);

    /// <summary>The state of the clock, for the Visor; null before it was set.</summary>
    ClockReport? ReportClock();

    IRecorderSession OpenSession(ulong clientId);

    /// <summary>
    /// Makes the client's end of a ring whose other end a Keeper of another node has made; the caller's to dispose.
    /// </summary>
    IMirroredRing CreateRing(ulong clientId, OpenRingReply reply);

    /// <summary>Drives an agent until disposed.</summary>
    IAgentRun Run(IAgent agent, Func<TimeSpan> sleepMax, Action<Exception> failed);

    /// <summary>Pumps a strand until disposed.</summary>
    IDisposable Run(Strand strand);

    /// <summary>The data plane by which a server is reached; the caller's to dispose.</summary>
    IBulkEndpoint OpenBulk(ProcessIdentity server);
}
