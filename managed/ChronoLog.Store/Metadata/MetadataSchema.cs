using System.Globalization;
using ChronoLog.Core.Protocol;
using Microsoft.Data.Sqlite;

namespace ChronoLog.Store.Metadata;

/// <summary>The tables, their version, and the settings of a connection.</summary>
internal static class MetadataSchema
{
    public const int Version = 4;

    /// <summary>"CLmd", in SQLite's header: tells our files from other programs'.</summary>
    private const int ApplicationId = 0x434C6D64;

    // 64-bit ids and ticks are stored as the signed number with the same bits.
    private const string Tables = """
        CREATE TABLE chronicle (
            name TEXT PRIMARY KEY NOT NULL,
            attributes TEXT NOT NULL,
            created INTEGER NOT NULL,
            destroying INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
        CREATE TABLE story (
            chronicle TEXT NOT NULL REFERENCES chronicle(name) ON DELETE CASCADE,
            story TEXT NOT NULL,
            story_id INTEGER NOT NULL,
            attributes TEXT NOT NULL,
            groups TEXT NOT NULL,
            created INTEGER NOT NULL,
            destroying INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (chronicle, story)) STRICT, WITHOUT ROWID;
        CREATE TABLE counter (
            name TEXT PRIMARY KEY NOT NULL,
            next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE setting (
            key TEXT PRIMARY KEY NOT NULL,
            value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        """ + Members + MemberDetails + Incarnations;

    private const string Members = """
        CREATE TABLE member (
            member_group INTEGER NOT NULL,
            role INTEGER NOT NULL,
            name TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            PRIMARY KEY (member_group, role, name)) STRICT, WITHOUT ROWID;
        """;

    // identity, request: the Protobuf messages ProcessIdentity and ConnectRequest. state: MemberState; a member of
    // version 2 counts as dead until it registers, for nobody knows whether it still ran.
    private const string MemberDetails = """
        ALTER TABLE member ADD COLUMN identity BLOB NOT NULL DEFAULT x'';
        ALTER TABLE member ADD COLUMN state INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE member ADD COLUMN stranger INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE lost_keeper (
            member_group INTEGER NOT NULL,
            name TEXT NOT NULL,
            declared INTEGER NOT NULL,
            returned INTEGER NOT NULL,
            identity BLOB NOT NULL,
            PRIMARY KEY (member_group, name, declared)) STRICT, WITHOUT ROWID;
        CREATE TABLE client (
            client_id INTEGER PRIMARY KEY NOT NULL,
            request BLOB NOT NULL) STRICT;
        """;

    // destroyed_name: per name, by the id of its first story, how many stories of it were destroyed. Never deleted: an id
    // that was given out once means that story for ever, in whatever journal or archive it turns up.
    private const string Incarnations = """
        ALTER TABLE story ADD COLUMN incarnation INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE destroyed_name (
            first_id INTEGER PRIMARY KEY NOT NULL,
            count INTEGER NOT NULL) STRICT;
        """;

    // Version 1 knew neither what is being destroyed nor who belongs to a group.
    private const string FromVersion1 = """
        ALTER TABLE chronicle ADD COLUMN destroying INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE story ADD COLUMN destroying INTEGER NOT NULL DEFAULT 0;
        """ + Members;

    private static readonly string[] Upgrades = [FromVersion1, MemberDetails, Incarnations];

    /// <summary>Sets up a new database, or checks an old one and brings it up to this version.</summary>
    /// <exception cref="ChronoLogException">Another program's file, a newer schema, or damage.</exception>
    public static void Prepare(SqliteConnection connection, string path)
    {
        // The rollback journal's deletion commits; EXTRA syncs the directory after it. FULL does not, and a power cut
        // may then bring a committed change's journal back and undo the change: a number would be given out twice.
        Execute(connection, "PRAGMA journal_mode=DELETE");
        Execute(connection, "PRAGMA synchronous=EXTRA");
        Execute(connection, "PRAGMA foreign_keys=ON");
        Execute(connection, "PRAGMA trusted_schema=OFF");
        long version = Number(connection, "PRAGMA user_version");
        long application = Number(connection, "PRAGMA application_id");
        if (version == 0 && application == 0 && Number(connection, "SELECT count(*) FROM sqlite_schema") == 0)
        {
            Change(connection, Tables);
            return;
        }

        if (application != ApplicationId)
        {
            throw new ChronoLogException(
                Status.NotSupported, $"'{path}' is a database of another program; give the Visor a file of its own");
        }

        if (version is < 1 or > Version)
        {
            throw new ChronoLogException(
                Status.NotSupported,
                $"metadata database '{path}' has schema version {version}; this program knows version {Version}: "
                + "start the version of ChronoLog that wrote it");
        }

        CheckIntegrity(connection, path);
        if (version < Version)
        {
            Change(connection, string.Concat(Upgrades.Skip((int)version - 1)));
        }
    }

    private static void Change(SqliteConnection connection, string tables)
    {
        using SqliteTransaction transaction = connection.BeginTransaction();
        Execute(connection, tables, transaction);
        string identity = string.Create(
            CultureInfo.InvariantCulture, $"PRAGMA application_id={ApplicationId}; PRAGMA user_version={Version}");
        Execute(connection, identity, transaction);
        transaction.Commit();
    }

    // The database is small (a row for each story), so a full check at each start costs milliseconds.
    private static void CheckIntegrity(SqliteConnection connection, string path)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check(1)";
        string? result = command.ExecuteScalar() as string;
        if (result != "ok")
        {
            throw new ChronoLogException(
                Status.Corrupt, $"metadata database '{path}' is damaged: {result}; restore it from a copy");
        }
    }

    private static void Execute(SqliteConnection connection, string text, SqliteTransaction? transaction = null)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        command.Transaction = transaction;
        command.ExecuteNonQuery();
    }

    private static long Number(SqliteConnection connection, string text)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }
}
