using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Ports;

/// <summary>A process that belongs to a recording group, whether it runs or not.</summary>
/// <param name="Identity">Group, role and name tell members apart; the rest is what it registered with last.</param>
/// <param name="State">What the Visor held of it last.</param>
/// <param name="IsStranger">It came with a number of another deployment: its journal names stories that we do not know.</param>
public sealed record MemberRecord(ProcessIdentity Identity, MemberState State, bool IsStranger = false)
{
    public uint Group => Identity.Group;

    public Role Role => Identity.Role;

    public string Name => Identity.Name;

    public string ServiceEndpoint => Identity.ServiceEndpoint;
}
