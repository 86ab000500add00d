using ChronoLog.Store.Archive;

namespace ChronoLog.Grapher.Stories;

/// <summary>A partial whose events are here, in whole or in part, and not all in StoryFiles yet.</summary>
internal sealed class HeldPartial(PartialKey key, ulong storyId)
{
    private readonly HashSet<uint> parts = [];
    private uint? partCount;

    public PartialKey Key => key;

    public ulong StoryId => storyId;

    /// <summary>Where its sender hears of the archiving; the newest announcement's.</summary>
    public string AdminEndpoint { get; set; } = "";

    /// <summary>Chunks that hold events of it and are not archived.</summary>
    public int OpenPieces { get; set; }

    /// <summary>True when every part has come.</summary>
    public bool IsWhole => partCount == (uint)parts.Count;

    public bool IsArchived => IsWhole && OpenPieces == 0;

    public bool HasPart(uint part) => parts.Contains(part);

    public void AddPart(uint part, bool more)
    {
        parts.Add(part);
        partCount = more ? partCount : part + 1;
    }
}
