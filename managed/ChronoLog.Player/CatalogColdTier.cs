using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Store.Archive;

namespace ChronoLog.Player;

/// <summary>The cold tier on an <see cref="ArchiveCatalog"/>.</summary>
/// <param name="catalog">Stays the caller's.</param>
/// <param name="readAhead">See <see cref="PlayerOptions.ArchiveReadAhead"/>.</param>
public sealed class CatalogColdTier(ArchiveCatalog catalog, bool readAhead = false) : IColdTier
{
    public Action<string>? DamageFound
    {
        set => catalog.DamageFound = value;
    }

    public IReadOnlyList<IReadSource> OpenSources(
        StoryDescriptor story, ulong startTime, ulong endTime, bool withArrivals = false)
    {
        try
        {
            return catalog.OpenSources(story.Name, startTime, endTime, readAhead, withArrivals);
        }
        catch (IOException exception)
        {
            throw new ChronoLogException(
                Status.Internal,
                $"the archive of '{story.Name}' in '{catalog.Root.Path}' cannot be listed: "
                + exception.Message,
                exception);
        }
    }

    public PrecedingEvents CountBefore(StoryDescriptor story, ulong tick)
    {
        var before = new PrecedingEvents();
        foreach (CatalogFile file in catalog.FindKnown(story.Name)?.Overlapping(0, tick) ?? [])
        {
            // A file whose header cannot be read is a gap of everything behind it; so it is read, and says so.
            before.Add(
                Math.Min(file.Name.EndTime, tick) - 1,
                file.TryFacts() is { } facts ? (ulong)facts.EventCount : PrecedingEvents.CountUnknown);
        }

        return before;
    }

    public ColdTally Tally(StoryDescriptor story)
    {
        if (catalog.FindKnown(story.Name) is not { } listing)
        {
            return default;
        }

        long events = 0;
        long bytes = 0;
        long late = 0;
        int damaged = 0;
        foreach (CatalogFile file in listing.Files)
        {
            if (file.Aside is not null)
            {
                damaged++; // what of it is in other files again is counted there
                continue;
            }

            CatalogFacts? facts = file.TryFacts();
            events += facts?.EventCount ?? 0;
            bytes += facts?.RecordBytes ?? 0;
            late += facts?.LateEvents ?? 0;
            damaged += file.Damage is null ? 0 : 1;
        }

        return new ColdTally(events, bytes, listing.Files.Count, damaged, late);
    }

    public void Appeared(string path) => catalog.Notice(path);

    // The directory is gone already, or will be: the look at it decides.
    public void Destroyed(StoryDescriptor story) => catalog.Find(story.Name);

    public void Refresh() => catalog.Refresh();
}
