using ChronoLog.Core.Protocol;
using ChronoLog.Grapher.Building;
using ChronoLog.Store.Archive;

namespace ChronoLog.Grapher.Stories;

/// <summary>
/// Books every partial from its first image until all of its events are in StoryFiles: a partial may be spread over
/// several of the Grapher's chunks, and come in parts. On the role's strand.
/// </summary>
internal sealed class PartialLedger
{
    private readonly ArchivedSequences archived = new();
    private readonly Dictionary<PartialKey, HeldPartial> held = [];

    /// <summary>Partials that are here and not wholly archived.</summary>
    public int Held => held.Count;

    /// <summary>Called when the last piece of a partial is in a StoryFile, with that file's path.</summary>
    public Action<HeldPartial, string>? Archived { get; set; }

    public bool IsArchived(in PartialKey key) => archived.Contains(key);

    /// <summary>True when the part's events are in a pipeline or beyond.</summary>
    public bool IsHeld(in PartialKey key, uint part) =>
        held.TryGetValue(key, out HeldPartial? partial) && partial.HasPart(part);

    /// <summary>Notes where the sender of a partial that is held hears of its archiving now.</summary>
    public void Refresh(in PartialKey key, string adminEndpoint)
    {
        if (held.TryGetValue(key, out HeldPartial? partial))
        {
            partial.AdminEndpoint = adminEndpoint;
        }
    }

    /// <summary>Notes partials that earlier processes archived.</summary>
    public void Remember(IEnumerable<PartialKey> keys)
    {
        foreach (PartialKey key in keys)
        {
            archived.Add(key);
        }
    }

    /// <summary>Books a part whose events go into pipelines now.</summary>
    public HeldPartial Add(in PartialKey key, AnnounceChunkRequest announcement, IReadOnlyList<PieceSpan> spans)
    {
        if (!held.TryGetValue(key, out HeldPartial? partial))
        {
            partial = held[key] = new HeldPartial(key, announcement.Story.StoryId);
        }

        partial.AdminEndpoint = announcement.AdminEndpoint;
        partial.AddPart(announcement.Part, announcement.MoreParts);
        partial.OpenPieces += spans.Count;
        return partial;
    }

    /// <summary>Books that one piece of the partial is in the StoryFile.</summary>
    public void PieceArchived(HeldPartial partial, string storyFile)
    {
        partial.OpenPieces--;
        if (partial.OpenPieces < 0)
        {
            throw new InvalidOperationException($"partial {partial.Key} was archived more often than it was taken in");
        }

        if (partial.IsArchived && held.Remove(partial.Key))
        {
            archived.Add(partial.Key);
            Archived?.Invoke(partial, storyFile);
        }
    }

    /// <summary>
    /// The story was destroyed: what is announced of these partials again is acknowledged and not taken.
    /// </summary>
    public void Forget(ulong storyId)
    {
        foreach (HeldPartial partial in held.Values.Where(partial => partial.StoryId == storyId).ToList())
        {
            held.Remove(partial.Key);
            archived.Add(partial.Key);
        }
    }
}
