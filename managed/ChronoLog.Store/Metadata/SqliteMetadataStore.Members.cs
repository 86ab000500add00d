using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Google.Protobuf;
using Microsoft.Data.Sqlite;

namespace ChronoLog.Store.Metadata;

/// <summary>Members of recording groups, lost Keepers, and clients.</summary>
public sealed partial class SqliteMetadataStore
{
    public IReadOnlyList<MemberRecord> LoadMembers() => Query(
        """
        SELECT member_group, role, name, endpoint, identity, state, stranger FROM member
        ORDER BY member_group, role, name
        """,
        reader =>
        {
            ProcessIdentity identity = ReadMessage(reader, 4, ProcessIdentity.Parser, $"member '{reader.GetString(2)}'");
            (identity.Group, identity.Role) = ((uint)reader.GetInt64(0), (Role)reader.GetInt32(1));
            (identity.Name, identity.ServiceEndpoint) = (reader.GetString(2), reader.GetString(3));
            return new MemberRecord(identity, (MemberState)reader.GetInt32(5), reader.GetInt64(6) != 0);
        });

    public void PutMembers(IReadOnlyList<MemberRecord> members) => Change(members.Select(member => Command(
        """
        INSERT INTO member (member_group, role, name, endpoint, identity, state, stranger)
        VALUES ($group, $role, $name, $endpoint, $identity, $state, $stranger)
        ON CONFLICT (member_group, role, name) DO UPDATE SET endpoint = excluded.endpoint,
            identity = excluded.identity, state = excluded.state, stranger = excluded.stranger
        """,
        ("$group", (long)member.Group),
        ("$role", (long)member.Role),
        ("$name", member.Name),
        ("$endpoint", member.ServiceEndpoint),
        ("$identity", member.Identity.ToByteArray()),
        ("$state", (long)member.State),
        ("$stranger", member.IsStranger ? 1L : 0L))));

    public void DeleteMember(MemberRecord member) => Change([Deletion(member.Identity)]);

    public IReadOnlyList<LostRecord> LoadLost() => Query(
        "SELECT name, identity, declared, returned FROM lost_keeper ORDER BY declared",
        reader => new LostRecord(
            ReadMessage(reader, 1, ProcessIdentity.Parser, $"lost Keeper '{reader.GetString(0)}'"),
            (ulong)reader.GetInt64(2),
            (ulong)reader.GetInt64(3)));

    public void PutLost(LostRecord lost) => Change([
        Command(
            """
            INSERT INTO lost_keeper (member_group, name, declared, returned, identity)
            VALUES ($group, $name, $declared, $returned, $identity)
            ON CONFLICT (member_group, name, declared) DO UPDATE SET returned = excluded.returned
            """,
            ("$group", (long)lost.Identity.Group),
            ("$name", lost.Identity.Name),
            ("$declared", (long)lost.Declared),
            ("$returned", (long)lost.Returned),
            ("$identity", lost.Identity.ToByteArray())),
        .. lost.Returned == 0 ? [Deletion(lost.Identity)] : (SqliteCommand[])[],
    ]);

    public IReadOnlyList<ClientRecord> LoadClients() => Query(
        "SELECT client_id, request FROM client ORDER BY client_id",
        reader => new ClientRecord(
            (ulong)reader.GetInt64(0),
            ReadMessage(reader, 1, ConnectRequest.Parser, $"client {reader.GetInt64(0)}")));

    public void PutClient(ClientRecord client) => Execute(
        """
        INSERT INTO client (client_id, request) VALUES ($id, $request)
        ON CONFLICT (client_id) DO UPDATE SET request = excluded.request
        """,
        ("$id", (long)client.ClientId),
        ("$request", client.Description.ToByteArray()));

    public void DeleteClient(ulong clientId) =>
        Execute("DELETE FROM client WHERE client_id = $id", ("$id", (long)clientId));

    private SqliteCommand Deletion(ProcessIdentity member) => Command(
        "DELETE FROM member WHERE member_group = $group AND role = $role AND name = $name",
        ("$group", (long)member.Group),
        ("$role", (long)member.Role),
        ("$name", member.Name));

    // All or nothing, and one sync of the device for all of them.
    private void Change(IEnumerable<SqliteCommand> commands) => Guard(() =>
    {
        using SqliteTransaction transaction = connection.BeginTransaction();
        foreach (SqliteCommand command in commands)
        {
            using (command)
            {
                command.Transaction = transaction;
                command.ExecuteNonQuery();
            }
        }

        transaction.Commit();
        return 0;
    });

    private T ReadMessage<T>(SqliteDataReader reader, int column, MessageParser<T> parser, string what)
        where T : IMessage<T>
    {
        try
        {
            return parser.ParseFrom((byte[])reader.GetValue(column));
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new ChronoLogException(
                Status.Corrupt,
                $"metadata database '{path}' is damaged: {what} cannot be read: {exception.Message}; restore it from a copy");
        }
    }
}
