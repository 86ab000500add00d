using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Visor;

/// <summary>A store on a disk that is full for a while; only single values are kept in it.</summary>
internal sealed class FailingMarks(IMetadataStore store) : IMetadataStore
{
    public bool Fails { get; set; }

    public string? GetValue(string key) => store.GetValue(key);

    public void PutValue(string key, string value)
    {
        if (Fails)
        {
            throw new ChronoLogException(Status.NoSpace, "the disk is full");
        }

        store.PutValue(key, value);
    }

    public IReadOnlyList<ChronicleRecord> LoadChronicles() => throw new NotSupportedException();

    public void PutChronicle(ChronicleRecord chronicle) => throw new NotSupportedException();

    public void DeleteChronicle(string name) => throw new NotSupportedException();

    public IReadOnlyList<StoryRecord> LoadStories() => throw new NotSupportedException();

    public void PutStory(StoryRecord story) => throw new NotSupportedException();

    public void DeleteStory(StoryRecord story) => throw new NotSupportedException();

    public uint NextIncarnation(string chronicle, string story) => throw new NotSupportedException();

    public IReadOnlyList<MemberRecord> LoadMembers() => throw new NotSupportedException();

    public void PutMembers(IReadOnlyList<MemberRecord> members) => throw new NotSupportedException();

    public void DeleteMember(MemberRecord member) => throw new NotSupportedException();

    public IReadOnlyList<LostRecord> LoadLost() => throw new NotSupportedException();

    public void PutLost(LostRecord lost) => throw new NotSupportedException();

    public IReadOnlyList<ClientRecord> LoadClients() => throw new NotSupportedException();

    public void PutClient(ClientRecord client) => throw new NotSupportedException();

    public void DeleteClient(ulong clientId) => throw new NotSupportedException();

    public ulong ReserveNumbers(string counter, uint count) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
