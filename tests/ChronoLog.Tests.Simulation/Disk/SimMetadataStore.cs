using ChronoLog.Core.Ports;
using ChronoLog.Tests.Simulation.Bugs;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Unit.Visor;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>The Visor's database: what a statement has written stays, and the Visor may die between any two.</summary>
internal sealed class SimMetadataStore(SimProcess visor, MemoryMetadataStore database, PlantedBugs bugs)
    : IMetadataStore
{
    public IReadOnlyList<ChronicleRecord> LoadChronicles() => database.LoadChronicles();

    public void PutChronicle(ChronicleRecord chronicle) =>
        Write("put chronicle", () => database.PutChronicle(chronicle));

    public void DeleteChronicle(string name) => Write("delete chronicle", () => database.DeleteChronicle(name));

    public IReadOnlyList<StoryRecord> LoadStories() => database.LoadStories();

    public void PutStory(StoryRecord story) => Write("put story", () => database.PutStory(story));

    public void DeleteStory(StoryRecord story) => Write("delete story", () => database.DeleteStory(story));

    public uint NextIncarnation(string chronicle, string story) =>
        bugs.Has(PlantedBug.IdentityUsedAgain) ? 0 : database.NextIncarnation(chronicle, story);

    public IReadOnlyList<MemberRecord> LoadMembers() => database.LoadMembers();

    public void PutMembers(IReadOnlyList<MemberRecord> members) =>
        Write("put members", () => database.PutMembers(members));

    public void DeleteMember(MemberRecord member) => Write("delete member", () => database.DeleteMember(member));

    public IReadOnlyList<LostRecord> LoadLost() => database.LoadLost();

    public void PutLost(LostRecord lost) => Write("put lost", () => database.PutLost(lost));

    public IReadOnlyList<ClientRecord> LoadClients() => database.LoadClients();

    public void PutClient(ClientRecord client) => Write("put client", () => database.PutClient(client));

    public void DeleteClient(ulong clientId) => Write("delete client", () => database.DeleteClient(clientId));

    public ulong ReserveNumbers(string counter, uint count) =>
        visor.Effect("reserve numbers") ? database.ReserveNumbers(counter, count) : ulong.MaxValue;

    public string? GetValue(string key) => database.GetValue(key);

    public void PutValue(string key, string value) => Write("put value", () => database.PutValue(key, value));

    public void Dispose()
    {
    }

    private void Write(string statement, Action effect)
    {
        if (visor.Effect(statement))
        {
            visor.World.Note(statement, visor.FullName);
            effect();
        }
    }
}
