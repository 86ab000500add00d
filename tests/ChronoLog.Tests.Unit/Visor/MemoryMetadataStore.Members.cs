using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Visor;

/// <summary>Copies, as a database would give them: what the role changes later must not change here.</summary>
internal sealed partial class MemoryMetadataStore
{
    private readonly Dictionary<(uint, Role, string), MemberRecord> members = [];
    private readonly Dictionary<(uint, string, ulong), LostRecord> lost = [];
    private readonly Dictionary<ulong, ClientRecord> clients = [];

    /// <summary>How often something was written here.</summary>
    public int Writes { get; private set; }

    public IReadOnlyList<MemberRecord> LoadMembers() => [.. members.Values.Select(Copy)];

    public void PutMembers(IReadOnlyList<MemberRecord> changed)
    {
        Writes++;
        foreach (MemberRecord member in changed)
        {
            members[Key(member.Identity)] = Copy(member);
        }
    }

    public void DeleteMember(MemberRecord member) => members.Remove(Key(member.Identity));

    public IReadOnlyList<LostRecord> LoadLost() => [.. lost.Values];

    public void PutLost(LostRecord record)
    {
        lost[(record.Identity.Group, record.Identity.Name, record.Declared)] =
            record with { Identity = record.Identity.Clone() };
        if (record.Returned == 0)
        {
            members.Remove(Key(record.Identity));
        }
    }

    public IReadOnlyList<ClientRecord> LoadClients() => [.. clients.Values];

    public void PutClient(ClientRecord client) => clients[client.ClientId] = client;

    public void DeleteClient(ulong clientId) => clients.Remove(clientId);

    private static (uint, Role, string) Key(ProcessIdentity identity) => (identity.Group, identity.Role, identity.Name);

    private static MemberRecord Copy(MemberRecord member) => member with { Identity = member.Identity.Clone() };
}
