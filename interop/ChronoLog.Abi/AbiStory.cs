using ChronoLog.Client;

namespace ChronoLog.Abi;

/// <summary>An acquired story. The handle keeps the native writer alive as long as C knows the story.</summary>
internal sealed record AbiStory(ChronoClient Client, StoryHandle Handle);
