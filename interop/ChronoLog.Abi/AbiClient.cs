using System.Runtime.CompilerServices;
using ChronoLog.Client;

namespace ChronoLog.Abi;

/// <summary>A connected client, and the numbers of its stories: acquiring one again gives the same.</summary>
internal sealed class AbiClient(ChronoClient client)
{
    private readonly ConditionalWeakTable<StoryHandle, StoryNumber> numbers = [];

    public ChronoClient Client { get; } = client;

    public ulong NumberOf(StoryHandle handle) =>
        numbers.GetValue(handle, each => new StoryNumber(ObjectTable.Add(new AbiStory(Client, each)))).Value;

    private sealed record StoryNumber(ulong Value);
}
