using ChronoLog.Core.Ports;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Unit.Visor;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>The Visor's database: what a statement has written stays, and the Visor may die between any two.</summary>
internal sealed class SimMetadataStore(SimProcess visor, MemoryMetadataStore database) : IMetadataStore
{
    public IReadOnlyList<ChronicleRecord> LoadChronicles() => database.LoadChronicles();

    public void PutChronicle(ChronicleRecord chronicle) =>
        Write("put chronicle", () => database.PutChronicle(chronicle));

    public void DeleteChronicle(string name) => Write("delete chronicle", () => database.DeleteChronicle(name));

    public IReadOnlyList<StoryRecord> LoadStories() => database.LoadStories();

    public void PutStory(StoryRecord story) => Write("put story", () => database.PutStory(story));

    public void DeleteStory(string chronicle, string story) =>
        Write("delete story", () => database.DeleteStory(chronicle, story));

    public IReadOnlyList<MemberRecord> LoadMembers() => database.LoadMembers();

    public void PutMember(MemberRecord member) => Write("put member", () => database.PutMember(member));

    public void DeleteMember(MemberRecord member) => Write("delete member", () => database.DeleteMember(member));

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
