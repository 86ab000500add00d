using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Visor;

/// <summary>
/// Who belongs to each recording group, whether it runs or not, across restarts of the Visor: the registry only knows
/// whom it has heard of since its own start, and a process that it does not know may hold events all the same.
/// </summary>
internal sealed class GroupRoster
{
    private readonly IMetadataStore store;
    private readonly Dictionary<uint, List<MemberRecord>> groups = [];

    public GroupRoster(IMetadataStore store)
    {
        this.store = store;
        foreach (MemberRecord member in store.LoadMembers())
        {
            Of(member.Group).Add(member);
        }
    }

    public IReadOnlyList<MemberRecord> MembersOf(uint group) => groups.GetValueOrDefault(group) ?? [];

    /// <summary>
    /// A process registers. It takes the place of its former self (the same name or endpoint), and a Grapher or Player
    /// that of any other: a group has one.
    /// </summary>
    public void Join(ProcessIdentity identity)
    {
        var member = new MemberRecord(identity.Group, identity.Role, identity.Name, identity.ServiceEndpoint);
        List<MemberRecord> members = Of(member.Group);
        if (members.Contains(member))
        {
            return; // a restart, as a rule: nothing to write
        }

        store.PutMember(member);
        foreach (MemberRecord former in members.Where(each => IsFormer(each, member)).ToList())
        {
            members.Remove(former);
            if (former.Name != member.Name)
            {
                store.DeleteMember(former);
            }
        }

        members.Add(member);
    }

    /// <summary>
    /// A process took leave: it has handed on what it had. A Grapher stays: the archive is its own, and only a Grapher
    /// can destroy what lies there.
    /// </summary>
    public void Leave(ProcessIdentity identity)
    {
        List<MemberRecord> members = Of(identity.Group);
        int index = members.FindIndex(each => each.Role == identity.Role && each.Name == identity.Name);
        if (index >= 0 && identity.Role != Role.Grapher)
        {
            store.DeleteMember(members[index]);
            members.RemoveAt(index);
        }
    }

    private static bool IsFormer(MemberRecord each, MemberRecord newcomer) => each.Role == newcomer.Role
        && (newcomer.Role != Role.Keeper || each.Name == newcomer.Name
            || each.ServiceEndpoint == newcomer.ServiceEndpoint);

    private List<MemberRecord> Of(uint group)
    {
        if (!groups.TryGetValue(group, out List<MemberRecord>? members))
        {
            groups.Add(group, members = []);
        }

        return members;
    }
}
