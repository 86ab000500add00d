using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;
using ChronoLog.Store.Metadata;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Store.Metadata;

[TestFixture]
public class SqliteMetadataStoreTests
{
    private string directory = null!;
    private string path = null!;

    [SetUp]
    public void SetUp()
    {
        directory = Directory.CreateTempSubdirectory("chronolog-metadata-").FullName;
        path = Path.Combine(directory, "below", "visor.db");
    }

    [TearDown]
    public void TearDown() => Directory.Delete(directory, recursive: true);

    [Test]
    public void Everything_survives_a_restart()
    {
        var attributes = new Dictionary<string, string> { ["granularity"] = "us", ["Ort \"x\""] = "日本" };
        using (SqliteMetadataStore store = SqliteMetadataStore.Open(path))
        {
            store.PutChronicle(new ChronicleRecord("c", attributes, ulong.MaxValue));
            store.PutChronicle(new ChronicleRecord("d", new Dictionary<string, string>(), 1));
            store.PutStory(new StoryRecord("c", "s", ulong.MaxValue - 1, attributes, [3, 1], 5));
            store.PutStory(new StoryRecord("d", "s", 2, new Dictionary<string, string>(), [], 6));
            store.PutValue("base", "1");
            store.PutValue("base", "2");
        }

        using SqliteMetadataStore reopened = SqliteMetadataStore.Open(path);
        IReadOnlyList<ChronicleRecord> chronicles = reopened.LoadChronicles();
        Assert.That(
            chronicles.Select(c => (c.Name, c.Created)),
            Is.EqualTo(new[] { ("c", ulong.MaxValue), ("d", 1ul) }));
        Assert.That(chronicles[0].Attributes, Is.EqualTo(attributes));
        StoryRecord story = reopened.LoadStories()[0];
        Assert.That(
            (story.Chronicle, story.Story, story.StoryId, story.Created),
            Is.EqualTo(("c", "s", ulong.MaxValue - 1, 5ul)));
        Assert.That(story.Groups, Is.EqualTo(new uint[] { 3, 1 }));
        Assert.That(story.Attributes, Is.EqualTo(attributes));
        Assert.That(reopened.GetValue("base"), Is.EqualTo("2"));
        Assert.That(reopened.GetValue("none"), Is.Null);
    }

    [Test]
    public void Changes_and_deletions_are_kept()
    {
        using SqliteMetadataStore store = SqliteMetadataStore.Open(path);
        store.PutChronicle(new ChronicleRecord("c", new Dictionary<string, string>(), 1));
        store.PutChronicle(new ChronicleRecord("c", new Dictionary<string, string> { ["a"] = "b" }, 1));
        store.PutStory(new StoryRecord("c", "s", 1, new Dictionary<string, string>(), [1], 1));
        store.PutStory(new StoryRecord("c", "s", 1, new Dictionary<string, string>(), [1, 2], 1));
        store.PutStory(new StoryRecord("c", "t", 2, new Dictionary<string, string>(), [1], 1));

        Assert.That(store.LoadChronicles().Single().Attributes, Has.Count.EqualTo(1));
        Assert.That(store.LoadStories().Select(s => s.Groups.Count), Is.EqualTo(new[] { 2, 1 }));
        store.DeleteStory(store.LoadStories().Single(s => s.Story == "t"));
        Assert.That(store.LoadStories(), Has.Count.EqualTo(1));
        store.DeleteChronicle("c");
        Assert.That(store.LoadStories(), Is.Empty, "the stories go with their chronicle");
        Assert.That(store.LoadChronicles(), Is.Empty);
    }

    [Test]
    public void How_often_a_name_was_destroyed_is_never_forgotten()
    {
        for (uint times = 0; times < 3; times++)
        {
            using SqliteMetadataStore store = SqliteMetadataStore.Open(path);
            Assert.That(store.NextIncarnation("c", "s"), Is.EqualTo(times));
            store.PutChronicle(new ChronicleRecord("c", new Dictionary<string, string>(), 1));
            store.PutStory(new StoryRecord("c", "s", 1, new Dictionary<string, string>(), [], 1, Incarnation: times));
            Assert.That(store.LoadStories().Single().Incarnation, Is.EqualTo(times));
            store.DeleteStory(store.LoadStories().Single());
            store.DeleteChronicle("c");
            Assert.That(store.NextIncarnation("c", "t"), Is.Zero);
        }
    }

    [Test]
    public void Numbers_are_never_given_twice()
    {
        var given = new HashSet<ulong>();
        var random = new Random(61);
        for (int restart = 0; restart < 5; restart++)
        {
            using SqliteMetadataStore store = SqliteMetadataStore.Open(path);
            for (int i = 0; i < 10; i++)
            {
                uint count = (uint)random.Next(1, 100);
                ulong first = store.ReserveNumbers("client", count);
                for (uint k = 0; k < count; k++)
                {
                    Assert.That(given.Add(first + k), Is.True);
                }
            }
        }

        Assert.That(given.Min(), Is.EqualTo(1));
        using SqliteMetadataStore last = SqliteMetadataStore.Open(path);
        Assert.That(last.ReserveNumbers("process", 1), Is.EqualTo(1), "counters are independent");
    }

    [Test]
    public void A_number_is_in_the_file_before_it_is_given()
    {
        using SqliteMetadataStore store = SqliteMetadataStore.Open(path);
        ulong first = store.ReserveNumbers("client", 10);

        // What a process would find that starts after this one was killed here.
        string copy = Path.Combine(directory, "copy.db");
        File.Copy(path, copy);

        Assert.That(File.Exists(path + "-journal"), Is.False, "nothing is waiting to be undone");
        using SqliteMetadataStore after = SqliteMetadataStore.Open(copy);
        Assert.That(after.ReserveNumbers("client", 1), Is.EqualTo(first + 10));
    }

    [Test]
    public void A_second_visor_is_refused()
    {
        using SqliteMetadataStore store = SqliteMetadataStore.Open(path);

        Assert.That(
            () => SqliteMetadataStore.Open(path),
            Throws.TypeOf<ChronoLogException>().With.Message.Contains("another Visor").And.Message.Contains(path));
    }

    [Test]
    public void The_file_is_0640()
    {
        using SqliteMetadataStore store = SqliteMetadataStore.Open(path);

        Assert.That(PosixFile.TryStat(path)!.Value.Permissions & ~0b110_100_000, Is.Zero);
    }

    [Test]
    public void A_newer_schema_is_refused()
    {
        SqliteMetadataStore.Open(path).Dispose();
        Sql("PRAGMA user_version = 5");

        Assert.That(
            () => SqliteMetadataStore.Open(path),
            Throws.TypeOf<ChronoLogException>().With.Message.Contains("version 5"));
    }

    [Test]
    public void A_database_of_version_1_is_brought_up_to_date()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Sql("""
            CREATE TABLE chronicle (name TEXT PRIMARY KEY NOT NULL, attributes TEXT NOT NULL, created INTEGER NOT NULL)
                STRICT, WITHOUT ROWID;
            CREATE TABLE story (chronicle TEXT NOT NULL REFERENCES chronicle(name) ON DELETE CASCADE, story TEXT NOT NULL,
                story_id INTEGER NOT NULL, attributes TEXT NOT NULL, groups TEXT NOT NULL, created INTEGER NOT NULL,
                PRIMARY KEY (chronicle, story)) STRICT, WITHOUT ROWID;
            CREATE TABLE counter (name TEXT PRIMARY KEY NOT NULL, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
            CREATE TABLE setting (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
            INSERT INTO chronicle VALUES ('c', '{}', 1);
            INSERT INTO story VALUES ('c', 's', 7, '{}', '[0]', 2);
            PRAGMA application_id = 1129082212; PRAGMA user_version = 1;
            """);
        for (int opening = 0; opening < 2; opening++)
        {
            using SqliteMetadataStore store = SqliteMetadataStore.Open(path);
            Assert.That(store.LoadChronicles().Single().IsBeingDestroyed, Is.False);
            StoryRecord story = store.LoadStories().Single();
            Assert.That((story.StoryId, story.IsBeingDestroyed), Is.EqualTo((7ul, false)));
            Assert.That(store.LoadMembers(), Is.Empty);
        }
    }

    [Test]
    public void What_is_being_destroyed_and_who_belongs_to_a_group_survive_a_restart()
    {
        MemberRecord keeper = Keeper("keeper-0", "tcp://a:1", MemberState.Dead);
        using (SqliteMetadataStore store = SqliteMetadataStore.Open(path))
        {
            store.PutChronicle(new ChronicleRecord("c", new Dictionary<string, string>(), 1, IsBeingDestroyed: true));
            store.PutStory(new StoryRecord("c", "s", 1, new Dictionary<string, string>(), [7], 1, IsBeingDestroyed: true));
            store.PutMembers([Keeper("keeper-0", "tcp://a:0"), Keeper("gone")]);
            store.PutMembers([keeper]);
            store.DeleteMember(Keeper("gone"));
        }

        using SqliteMetadataStore reopened = SqliteMetadataStore.Open(path);
        Assert.That(reopened.LoadChronicles().Single().IsBeingDestroyed, Is.True);
        Assert.That(reopened.LoadStories().Single().IsBeingDestroyed, Is.True);
        Assert.That(reopened.LoadMembers(), Is.EqualTo([keeper]));
    }

    [Test]
    public void Lost_keepers_and_clients_survive_a_restart()
    {
        var client = new ClientRecord(ulong.MaxValue, new ConnectRequest { Host = "h", Environment = { ["rank"] = "7" } });
        var lost = new LostRecord(Keeper("keeper-0").Identity, 1UL << 63, 0);
        using (SqliteMetadataStore store = SqliteMetadataStore.Open(path))
        {
            store.PutMembers([Keeper("keeper-0"), Keeper("keeper-1")]);
            store.PutLost(lost);
            store.PutClient(client);
            store.PutClient(client with { ClientId = 1 });
            store.DeleteClient(1);
        }

        using SqliteMetadataStore reopened = SqliteMetadataStore.Open(path);
        Assert.That(reopened.LoadMembers(), Is.EqualTo([Keeper("keeper-1")]), "who is lost is no member any more");
        Assert.That(reopened.LoadLost(), Is.EqualTo([lost]));
        Assert.That(reopened.LoadClients(), Is.EqualTo([client]));
        reopened.PutMembers([Keeper("keeper-0")]);
        reopened.PutLost(lost with { Returned = 9 });
        Assert.That(reopened.LoadLost().Single().Returned, Is.EqualTo(9));
        Assert.That(reopened.LoadMembers(), Has.Count.EqualTo(2), "who returned is one again");
    }

    [Test]
    public void A_member_of_version_2_counts_as_dead_until_it_registers()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using (SqliteMetadataStore.Open(path))
        {
        }

        Sql("""
            ALTER TABLE member DROP COLUMN identity; ALTER TABLE member DROP COLUMN state;
            ALTER TABLE member DROP COLUMN stranger;
            DROP TABLE lost_keeper; DROP TABLE client;
            INSERT INTO member VALUES (7, 2, 'keeper-0', 'tcp://a:1');
            PRAGMA user_version = 2;
            """);
        using SqliteMetadataStore store = SqliteMetadataStore.Open(path);
        MemberRecord member = store.LoadMembers().Single();
        Assert.That(member.State, Is.EqualTo(MemberState.Dead));
        Assert.That((member.Group, member.Role, member.Name), Is.EqualTo((7u, Role.Keeper, "keeper-0")));
        Assert.That((member.ServiceEndpoint, member.Identity.ProcessId), Is.EqualTo(("tcp://a:1", 0ul)));
    }

    [Test]
    public void Another_programs_database_is_refused()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Sql("CREATE TABLE t (x)");

        Assert.That(
            () => SqliteMetadataStore.Open(path),
            Throws.TypeOf<ChronoLogException>().With.Message.Contains("another program"));
    }

    [Test]
    public void Garbage_and_damage_are_refused()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, new string('x', 5000));
        Assert.That(() => SqliteMetadataStore.Open(path), Corrupt());

        File.Delete(path);
        using (SqliteMetadataStore store = SqliteMetadataStore.Open(path))
        {
            for (int i = 0; i < 200; i++)
            {
                store.PutValue($"key{i}", new string('v', 200));
            }
        }

        byte[] bytes = File.ReadAllBytes(path);
        Array.Clear(bytes, bytes.Length / 2, 4096);
        File.WriteAllBytes(path, bytes);
        Assert.That(() => SqliteMetadataStore.Open(path), Corrupt());
    }

    private static MemberRecord Keeper(
        string name, string endpoint = "tcp://a:1", MemberState state = MemberState.Alive) => new(
        new ProcessIdentity
        {
            Role = Role.Keeper, Group = 7, Name = name, ServiceEndpoint = endpoint, Host = "h", Epoch = 3, ProcessId = 5,
        },
        state, IsStranger: true);

    private static NUnit.Framework.Constraints.Constraint Corrupt() => Throws.TypeOf<ChronoLogException>()
        .With.Property(nameof(ChronoLogException.Status)).EqualTo(Status.Corrupt);

    private void Sql(string text)
    {
        SQLitePCL.Batteries_V2.Init();
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }
}
