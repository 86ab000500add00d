using ChronoLog.Core.Protocol;
using ChronoLog.Visor.Clock;

namespace ChronoLog.Visor;

/// <summary>
/// What a client and the Visor tell each other as long as they live: whether the client has to acquire again, and the
/// views of its groups that are newer than its own.
/// </summary>
internal sealed class KeepAliveDesk(ClientRegistry clients, ProcessRegistry registry, VisorOptions options)
{
    // Of a hundred full disks some are enough to know what is wrong.
    private const int TroublesMax = 16;

    // Shared by all clients: one call costs some 20 microseconds of the Visor's only thread, so this is a few percent.
    private const double CallsPerSecondMax = 2000;

    /// <summary>
    /// How often a client should call: as often as a process, so that it soon hears who died; the more clients there
    /// are, the less often, and thrice in its lease at least.
    /// </summary>
    public TimeSpan Period
    {
        get
        {
            TimeSpan longest = options.ClientLease / 3;
            var shared = TimeSpan.FromSeconds(clients.Count / CallsPerSecondMax);
            TimeSpan wanted = shared > options.HeartbeatPeriod ? shared : options.HeartbeatPeriod;
            return wanted < longest ? wanted : longest;
        }
    }

    public KeepAliveReply Answer(KeepAliveRequest request)
    {
        ConnectedClient client = clients.Hear(request.ClientId);
        client.Clock = ClockReports.Keep(request.Clock) ?? client.Clock;
        var reply = new KeepAliveReply
        {
            Session = client.Session,
            AcquireAgain = !clients.IsSettled(client, request.Session),
            KeepAliveMilliseconds = (uint)Period.TotalMilliseconds,
        };
        reply.Troubles.AddRange(Troubles([.. request.Groups.Take(ProcessRegistry.KnownGroupsMax).Select(static known => known.Group)]));
        reply.Groups.AddRange(registry.NewerThan(request.Groups));
        return reply;
    }

    // So that a client whose ring stays full can say why.
    private IEnumerable<ProcessTrouble> Troubles(HashSet<uint> groups) => registry.Processes
        .Where(process => process.IsAlive && process.Trouble.Length > 0 && groups.Contains(process.Identity.Group))
        .Take(TroublesMax)
        .Select(static process => new ProcessTrouble
        {
            Group = process.Identity.Group, Name = process.Identity.Name, Trouble = process.Trouble,
        });
}
