using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;
using Microsoft.Data.Sqlite;

namespace ChronoLog.Store.Metadata;

/// <summary>The Visor's metadata in one SQLite file that it holds exclusively.</summary>
public sealed partial class SqliteMetadataStore : IMetadataStore
{
    private readonly SqliteConnection connection;
    private readonly PosixFile lockFile;
    private readonly string path;

    private SqliteMetadataStore(SqliteConnection connection, PosixFile lockFile, string path)
    {
        this.connection = connection;
        this.lockFile = lockFile;
        this.path = path;
    }

    /// <summary>Opens the database, and creates it (0640) and its directory if they are missing.</summary>
    /// <exception cref="ChronoLogException">
    /// Damaged, of a newer schema, of another program, or in use by another Visor; the message says which and what to
    /// do.
    /// </exception>
    /// <exception cref="IOException">It cannot be opened or created.</exception>
    public static SqliteMetadataStore Open(string path)
    {
        string full = Path.GetFullPath(path);
        PosixFile lockFile = Acquire(full);
        SqliteConnection? connection = null;
        try
        {
            SQLitePCL.Batteries_V2.Init();
            connection = new SqliteConnection(new SqliteConnectionStringBuilder
            {
                DataSource = full,
                Mode = SqliteOpenMode.ReadWrite,
                Pooling = false,
            }.ToString());
            connection.Open();
            MetadataSchema.Prepare(connection, full);
            return new SqliteMetadataStore(connection, lockFile, full);
        }
        catch (SqliteException exception)
        {
            connection?.Dispose();
            lockFile.Dispose();
            throw MetadataFailure.Wrap(full, exception);
        }
        catch
        {
            connection?.Dispose();
            lockFile.Dispose();
            throw;
        }
    }

    public IReadOnlyList<ChronicleRecord> LoadChronicles() => Query(
        "SELECT name, attributes, created, destroying FROM chronicle ORDER BY name",
        reader => new ChronicleRecord(
            reader.GetString(0),
            AttributeText.ReadAttributes(reader.GetString(1), $"chronicle '{reader.GetString(0)}' in '{path}'"),
            (ulong)reader.GetInt64(2),
            reader.GetInt64(3) != 0));

    public void PutChronicle(ChronicleRecord chronicle) => Execute(
        """
        INSERT INTO chronicle (name, attributes, created, destroying)
        VALUES ($name, $attributes, $created, $destroying)
        ON CONFLICT (name) DO UPDATE SET attributes = excluded.attributes, created = excluded.created,
            destroying = excluded.destroying
        """,
        ("$name", chronicle.Name),
        ("$attributes", AttributeText.Write(chronicle.Attributes)),
        ("$created", (long)chronicle.Created),
        ("$destroying", chronicle.IsBeingDestroyed ? 1L : 0L));

    public void DeleteChronicle(string name) => Execute("DELETE FROM chronicle WHERE name = $name", ("$name", name));

    public IReadOnlyList<StoryRecord> LoadStories() => Query(
        """
        SELECT chronicle, story, story_id, attributes, groups, created, destroying, incarnation FROM story
        ORDER BY chronicle, story
        """,
        reader =>
        {
            string where = $"story '{reader.GetString(0)}/{reader.GetString(1)}' in '{path}'";
            return new StoryRecord(
                reader.GetString(0),
                reader.GetString(1),
                (ulong)reader.GetInt64(2),
                AttributeText.ReadAttributes(reader.GetString(3), where),
                AttributeText.ReadNumbers(reader.GetString(4), where),
                (ulong)reader.GetInt64(5),
                reader.GetInt64(6) != 0,
                (uint)reader.GetInt64(7));
        });

    public void PutStory(StoryRecord story) => Execute(
        """
        INSERT INTO story (chronicle, story, story_id, attributes, groups, created, destroying, incarnation)
        VALUES ($chronicle, $story, $id, $attributes, $groups, $created, $destroying, $incarnation)
        ON CONFLICT (chronicle, story) DO UPDATE SET story_id = excluded.story_id, attributes = excluded.attributes,
            groups = excluded.groups, created = excluded.created, destroying = excluded.destroying,
            incarnation = excluded.incarnation
        """,
        ("$chronicle", story.Chronicle),
        ("$story", story.Story),
        ("$id", (long)story.StoryId),
        ("$attributes", AttributeText.Write(story.Attributes)),
        ("$groups", AttributeText.Write(story.Groups)),
        ("$created", (long)story.Created),
        ("$destroying", story.IsBeingDestroyed ? 1L : 0L),
        ("$incarnation", (long)story.Incarnation));

    public void DeleteStory(StoryRecord story) => Guard(() =>
    {
        using SqliteTransaction transaction = connection.BeginTransaction();
        using SqliteCommand command = Command(
            """
            DELETE FROM story WHERE chronicle = $chronicle AND story = $story;
            INSERT INTO destroyed_name (first_id, count) VALUES ($first, $count)
            ON CONFLICT (first_id) DO UPDATE SET count = max(count, excluded.count)
            """,
            ("$chronicle", story.Chronicle),
            ("$story", story.Story),
            ("$first", (long)StoryIdentity.Hash(story.Chronicle, story.Story)),
            ("$count", story.Incarnation + 1L));
        command.Transaction = transaction;
        command.ExecuteNonQuery();
        transaction.Commit();
        return 0;
    });

    public uint NextIncarnation(string chronicle, string story) => Guard(() =>
    {
        using SqliteCommand command = Command(
            "SELECT count FROM destroyed_name WHERE first_id = $first",
            ("$first", (long)StoryIdentity.Hash(chronicle, story)));
        return command.ExecuteScalar() is long count ? (uint)count : 0;
    });

    public ulong ReserveNumbers(string counter, uint count)
    {
        ArgumentOutOfRangeException.ThrowIfZero(count);
        return Guard(() =>
        {
            // An explicit transaction, because only its Commit throws when the device refuses: the numbers leave this
            // method after they are spent durably.
            using SqliteTransaction transaction = connection.BeginTransaction();
            using SqliteCommand command = Command(
                """
                INSERT INTO counter (name, next) VALUES ($name, 1 + $count)
                ON CONFLICT (name) DO UPDATE SET next = next + $count
                RETURNING next - $count
                """,
                ("$name", counter),
                ("$count", (long)count));
            command.Transaction = transaction;
            ulong first = (ulong)(long)command.ExecuteScalar()!;
            transaction.Commit();
            return first;
        });
    }

    public string? GetValue(string key) => Guard(() =>
    {
        using SqliteCommand command = Command("SELECT value FROM setting WHERE key = $key", ("$key", key));
        return command.ExecuteScalar() as string;
    });

    public void PutValue(string key, string value) => Execute(
        "INSERT INTO setting (key, value) VALUES ($key, $value) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        ("$key", key),
        ("$value", value));

    public void Dispose()
    {
        connection.Dispose();
        lockFile.Dispose();
    }

    // SQLite would create the file 0644 and has locks for single changes only: two Visors on one file would each
    // believe that the memory of their own is all there is. Its own locks are fcntl's and do not meet flock.
    private static PosixFile Acquire(string path)
    {
        string? parent = Path.GetDirectoryName(path);
        if (parent is not null)
        {
            using PosixDirectory directory = PosixDirectory.OpenOrCreate(parent);
            bool created = directory.TryStat(Path.GetFileName(path)) is null;
            directory.OpenFile(Path.GetFileName(path), PosixOpen.ReadWrite | PosixOpen.Create).Dispose();
            if (created)
            {
                directory.Sync();
            }
        }

        PosixFile lockFile = PosixFile.Open(path + ".lock", PosixOpen.ReadWrite | PosixOpen.Create);
        if (lockFile.TryLock())
        {
            return lockFile;
        }

        lockFile.Dispose();
        throw new ChronoLogException(
            Status.Acquired,
            $"metadata database '{path}' is in use by another Visor; stop it, or give this one another file");
    }

    private SqliteCommand Command(string text, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        foreach ((string name, object value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    private void Execute(string text, params (string Name, object Value)[] parameters) => Guard(() =>
    {
        using SqliteCommand command = Command(text, parameters);
        return command.ExecuteNonQuery();
    });

    private List<T> Query<T>(string text, Func<SqliteDataReader, T> read) => Guard(() =>
    {
        using SqliteCommand command = Command(text);
        using SqliteDataReader reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    });

    private T Guard<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (SqliteException exception)
        {
            throw MetadataFailure.Wrap(path, exception);
        }
    }
}
