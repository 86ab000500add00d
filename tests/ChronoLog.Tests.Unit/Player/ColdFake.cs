using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using ChronoLog.Player;
using ChronoLog.Tests.Unit.Playback;

namespace ChronoLog.Tests.Unit.Player;

/// <summary>An archive in memory.</summary>
public sealed class ColdFake : IColdTier
{
    public List<TestEvent> Events { get; } = [];

    public List<Gap> Gaps { get; } = [];

    public List<string> Notices { get; } = [];

    public int Refreshes { get; private set; }

    public Exception? Failure { get; set; }

    public Action<string>? DamageFound { get; set; }

    public IReadOnlyList<IReadSource> OpenSources(
        StoryDescriptor story, ulong startTime, ulong endTime, bool withArrivals = false)
    {
        if (Failure is not null)
        {
            throw Failure;
        }

        List<TestEvent> part = [.. Events.Where(e => e.Time >= startTime && e.Time < endTime).OrderBy(e => e.Sequence)];
        var source = new ScriptedSource(part.Chunk(100));
        source.Gaps.AddRange(Gaps);
        return [source];
    }

    public PrecedingEvents CountBefore(StoryDescriptor story, ulong tick)
    {
        var before = new PrecedingEvents();
        foreach (TestEvent[] file in Events.Where(e => e.Time < tick).OrderBy(e => e.Sequence).Chunk(100))
        {
            before.Add(file[^1].Time, (ulong)file.Length);
        }

        return before;
    }

    public ColdTally Tally(StoryDescriptor story) =>
        new(Events.Count, Events.Sum(e => e.Record.Length), Files: 1, DamagedFiles: Gaps.Count);

    public void Appeared(string path) => Notices.Add(path);

    public void Destroyed(StoryDescriptor story) => Events.Clear();

    public void Refresh() => Refreshes++;
}
