using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Player;
using ChronoLog.Tests.Simulation.Bugs;

namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>The archive as the Player sees it: looks at the directory every time, as the real one does.</summary>
public sealed class SimColdTier(ArchiveDisk disk, PlantedBugs bugs) : IColdTier
{
    /// <summary>What there was when the read was asked for, with the planted defect that takes it then.</summary>
    public IReadOnlyList<SimStoryFile>? TooEarly { get; set; }

    public Action<string>? DamageFound { get; set; }

    // Events have their stamps with them always: the real tier leaves them in the files when nobody asks.
    public IReadOnlyList<IReadSource> OpenSources(
        StoryDescriptor story, ulong startTime, ulong endTime, bool withArrivals = false)
    {
        var sources = new List<IReadSource>();
        foreach (SimStoryFile file in disk.Visible(story).Where(file => TooEarly?.Contains(file) ?? true))
        {
            if (file.StartTime < endTime && file.EndTime > startTime)
            {
                sources.Add(Open(file, startTime, endTime));
            }
        }

        return sources;
    }

    public PrecedingEvents CountBefore(StoryDescriptor story, ulong tick)
    {
        var before = new PrecedingEvents();
        foreach (SimStoryFile file in disk.Visible(story).Where(file => TooEarly?.Contains(file) ?? true))
        {
            if (!file.IsReadable)
            {
                before.Add(file.StartTime < tick ? tick - 1 : 0, file.StartTime < tick ? PrecedingEvents.CountUnknown : 0);
            }
            else if (file.Range(0, tick) is { } run)
            {
                before.Add(run.Entries);
                run.Release();
            }
        }

        return before;
    }

    public ColdTally Tally(StoryDescriptor story) => new(0, 0, disk.Visible(story).Count(), 0);

    public void Appeared(string path)
    {
    }

    public void Destroyed(StoryDescriptor story)
    {
    }

    public void Refresh()
    {
    }

    private RunReadSource Open(SimStoryFile file, ulong startTime, ulong endTime)
    {
        if (!file.IsReadable)
        {
            var gap = new Gap
            {
                StartTime = Math.Max(startTime, file.StartTime),
                EndTime = Math.Min(endTime, file.EndTime),
                Reason = $"{file.Name}: its checksum is wrong",
            };
            return new RunReadSource(file.Name, [], file.IsDamaged && bugs.Has(PlantedBug.DamageUnsaid) ? [] : [gap]);
        }

        EventRun? run = file.Range(startTime, endTime);
        var source = new RunReadSource(file.Name, run is null ? [] : [run]);
        run?.Release();
        return source;
    }
}
