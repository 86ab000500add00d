using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Ports;

/// <summary>
/// The Visor's durable memory. Every call returns after the change is on the device. Called from one thread.
/// </summary>
public interface IMetadataStore : IDisposable
{
    IReadOnlyList<ChronicleRecord> LoadChronicles();

    void PutChronicle(ChronicleRecord chronicle);

    /// <summary>Deletes the chronicle and its stories.</summary>
    void DeleteChronicle(string name);

    IReadOnlyList<StoryRecord> LoadStories();

    void PutStory(StoryRecord story);

    /// <summary>Deletes a story, and remembers for ever that one of its name and incarnation was.</summary>
    void DeleteStory(StoryRecord story);

    /// <summary>The incarnation of the next story of this name: how many were destroyed.</summary>
    uint NextIncarnation(string chronicle, string story);

    IReadOnlyList<MemberRecord> LoadMembers();

    /// <summary>Stores members of groups, new or changed: all of them or none.</summary>
    void PutMembers(IReadOnlyList<MemberRecord> members);

    void DeleteMember(MemberRecord member);

    IReadOnlyList<LostRecord> LoadLost();

    /// <summary>Stores that a Keeper was lost, and takes it out of the members.</summary>
    void PutLost(LostRecord lost);

    IReadOnlyList<ClientRecord> LoadClients();

    void PutClient(ClientRecord client);

    void DeleteClient(ulong clientId);

    /// <summary>
    /// Reserves numbers that were never given out before and never will be again. The first is at least 1.
    /// </summary>
    /// <returns>The first of <paramref name="count"/> consecutive numbers.</returns>
    ulong ReserveNumbers(string counter, uint count);

    string? GetValue(string key);

    void PutValue(string key, string value);
}

/// <param name="Name">Unique.</param>
/// <param name="Attributes">Known keys with their values, and free-form ones.</param>
/// <param name="Created">ChronoTick.</param>
/// <param name="IsBeingDestroyed">It goes with the last of its stories; nobody sees or uses it meanwhile.</param>
public sealed record ChronicleRecord(
    string Name, IReadOnlyDictionary<string, string> Attributes, ulong Created, bool IsBeingDestroyed = false);

/// <param name="Chronicle">Name of the chronicle.</param>
/// <param name="Story">Name within the chronicle.</param>
/// <param name="StoryId">See <see cref="Model.StoryIdentity"/>.</param>
/// <param name="Attributes">Of the story itself.</param>
/// <param name="Groups">Recording groups that ever recorded it, the latest last.</param>
/// <param name="Created">ChronoTick.</param>
/// <param name="IsBeingDestroyed">
/// It goes when every process that may hold events of it has destroyed them; nobody sees or uses it meanwhile.
/// </param>
/// <param name="Incarnation">See <see cref="Model.StoryName"/>.</param>
public sealed record StoryRecord(
    string Chronicle,
    string Story,
    ulong StoryId,
    IReadOnlyDictionary<string, string> Attributes,
    IReadOnlyList<uint> Groups,
    ulong Created,
    bool IsBeingDestroyed = false,
    uint Incarnation = 0);
