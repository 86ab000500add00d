using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Visor;

/// <summary>
/// Who belongs to each recording group, whether it runs or not, across restarts of the Visor; and which Keepers were
/// declared lost. What is answered from memory is on the device: the store is written first.
/// </summary>
internal sealed class GroupRoster
{
    private readonly IMetadataStore store;
    private readonly Dictionary<uint, List<MemberRecord>> groups = [];
    private readonly List<LostRecord> lost;

    public GroupRoster(IMetadataStore store)
    {
        this.store = store;
        lost = [.. store.LoadLost()];
        foreach (MemberRecord member in store.LoadMembers())
        {
            Of(member.Group).Add(member);
        }
    }

    public IEnumerable<MemberRecord> Members => groups.Values.SelectMany(members => members);

    /// <summary>Every Keeper that was ever declared lost, in the order of the declarations.</summary>
    public IReadOnlyList<LostRecord> Lost => lost;

    public IReadOnlyList<MemberRecord> MembersOf(uint group) => groups.GetValueOrDefault(group) ?? [];

    /// <summary>
    /// A process registers. It takes the place of its former self (the same name or endpoint), and a Grapher or Player
    /// that of any other: a group has one.
    /// </summary>
    public void Join(ProcessIdentity identity, bool isStranger, ulong now)
    {
        var member = new MemberRecord(identity.Clone(), MemberState.Alive, isStranger);
        List<MemberRecord> members = Of(member.Group);
        if (members.Contains(member))
        {
            return; // it registers again, as it was: nothing to write
        }

        store.PutMembers([member]);
        foreach (MemberRecord former in members.Where(each => IsFormer(each.Identity, identity)).ToList())
        {
            members.Remove(former);
            if (former.Name != member.Name)
            {
                store.DeleteMember(former);
            }
        }

        members.Add(member);
        NoteReturn(identity, now);
    }

    /// <summary>
    /// A process took leave: it has handed on what it had. A Grapher stays: the archive is its own, and only a Grapher
    /// can destroy what lies there.
    /// </summary>
    public void Leave(ProcessIdentity identity)
    {
        if (identity.Role == Role.Grapher)
        {
            Put([identity], MemberState.Left);
            return;
        }

        List<MemberRecord> members = Of(identity.Group);
        foreach (MemberRecord member in members.Where(each => IsSame(each.Identity, identity)).ToList())
        {
            store.DeleteMember(member);
            members.Remove(member);
        }
    }

    /// <summary>They were declared dead.</summary>
    public void Die(IEnumerable<ProcessIdentity> dead) =>
        Put([.. dead], MemberState.Dead);

    /// <summary>A Keeper is lost for good: it belongs to the group no more, and that it did is kept.</summary>
    public LostRecord Lose(ProcessIdentity identity, ulong now)
    {
        var record = new LostRecord(identity.Clone(), now);
        store.PutLost(record);
        lost.Add(record);
        Of(identity.Group).RemoveAll(each => IsSame(each.Identity, identity));
        return record;
    }

    /// <summary>Whether a process takes the other's place in its group when it registers.</summary>
    public static bool IsFormer(ProcessIdentity each, ProcessIdentity newcomer) =>
        each.Group == newcomer.Group && each.Role == newcomer.Role
        && (newcomer.Role != Role.Keeper || each.Name == newcomer.Name
            || each.ServiceEndpoint == newcomer.ServiceEndpoint);

    private static bool IsSame(ProcessIdentity each, ProcessIdentity other) =>
        each.Group == other.Group && each.Role == other.Role && each.Name == other.Name;

    private void Put(IReadOnlyList<ProcessIdentity> identities, MemberState state)
    {
        List<MemberRecord> changed =
        [
            .. identities.Select(identity => new MemberRecord(
                identity.Clone(), state,
                Of(identity.Group).Exists(each => each.IsStranger && IsSame(each.Identity, identity)))),
        ];
        store.PutMembers(changed);
        foreach (MemberRecord member in changed)
        {
            List<MemberRecord> members = Of(member.Group);
            members.RemoveAll(each => IsSame(each.Identity, member.Identity));
            members.Add(member);
        }
    }

    private void NoteReturn(ProcessIdentity identity, ulong now)
    {
        for (int i = 0; i < lost.Count; i++)
        {
            if (lost[i].Returned == 0 && IsSame(lost[i].Identity, identity))
            {
                LostRecord record = lost[i] with { Returned = now };
                store.PutLost(record);
                lost[i] = record;
            }
        }
    }

    private List<MemberRecord> Of(uint group)
    {
        if (!groups.TryGetValue(group, out List<MemberRecord>? members))
        {
            groups.Add(group, members = []);
        }

        return members;
    }
}
