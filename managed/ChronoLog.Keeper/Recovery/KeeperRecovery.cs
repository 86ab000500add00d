using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Registry;
using ChronoLog.Keeper.Ingestion;
using ChronoLog.Keeper.Recording;
using ChronoLog.Keeper.Stories;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Keeper.Recovery;

/// <summary>
/// What a Keeper does before it serves: takes up what its earlier process left in the journals and in the rings,
/// however that ended. The journals' events go into the pipelines as any others, so that hot reads, retirement and
/// drain know no difference; the rings go on behind what the journals have of them, so that nothing is journaled twice.
/// What their clients recorded meanwhile follows by the usual way. On the role's strand.
/// </summary>
public sealed class KeeperRecovery(KeeperOptions options, KeeperPorts ports, StoryTable stories)
{
    private readonly Dictionary<ulong, long> journaled = [];
    private readonly List<UnarchivedRange> missing = [];

    /// <summary>Events found in the journals.</summary>
    public long Events { get; private set; }

    /// <summary>Their stories.</summary>
    public int Stories { get; private set; }

    public int Segments { get; private set; }

    public int Rings { get; private set; }

    /// <summary>What had been synced and is unreadable now.</summary>
    public IReadOnlyList<UnarchivedRange> Missing => missing;

    /// <exception cref="IOException">A journal can't vouch for what it holds.</exception>
    public void Run(RecordingService recording)
    {
        ulong processId = 0;
        for (int number = 0; number < ports.Journals.Count; number++)
        {
            ulong owner = Recover(ports.Journals[number], new BatchIndexer(number, stories, isRecovery: true));
            processId = Math.Max(processId, owner);
        }

        Stories = stories.All.Count;
        ReattachedRings rings = ports.Rings.Reattach(journaled);
        Rings = rings.Rings.Count;
        processId = rings.Rings.Select(ring => ring.KeeperProcessId).Append(processId).Max();
        TakeOver(processId);
        Report(rings);
        recording.Adopt(rings.Rings);
    }

    private ulong Recover(IJournal journal, BatchIndexer indexer)
    {
        JournalRecovery found = journal.Recover((in BatchOrigin origin, in JournalSpan batch) =>
        {
            Events += Index(indexer, origin, batch);
            journaled[origin.RingId] = Math.Max(journaled.GetValueOrDefault(origin.RingId), origin.RingPosition);
        });
        Segments += found.Segments;
        if (found.BatchesTorn > 0)
        {
            ports.Logger.LogWarning(
                "{Name}: {Batches} batches of the journal were lost before they had been synced, as it is after a power "
                + "cut",
                options.Name, found.BatchesTorn);
        }

        foreach (JournalDamage damage in found.Damages)
        {
            ports.Logger.LogError(
                "{Name}: journal segment {Path} is damaged: {What}; it is set aside, and replays of [{Start}, {End}) "
                + "are partial as long as it is there",
                options.Name, damage.Path, damage.What, damage.StartTime, damage.EndTime);
            missing.Add(new UnarchivedRange(
                damage.StartTime, damage.EndTime,
                $"journal segment {damage.Path} of {options.Name} is damaged: {damage.What}"));
        }

        return found.ProcessId;
    }

    // As when it was taken the first time: what was not indexed then is not now.
    private int Index(BatchIndexer indexer, in BatchOrigin origin, in JournalSpan batch)
    {
        try
        {
            return indexer.Index(batch, origin.ClientId, options.EventTimes.AtKeeper(origin.Arrival)).Events;
        }
        catch (ChronoLogException exception) when (exception.Status == Status.Corrupt)
        {
            ports.Logger.LogWarning(
                "{Name}: a batch of ring {Ring} of client {Client} ends in what is no frame: {Reason}",
                options.Name, origin.RingId, origin.ClientId, exception.Message);
            return 0;
        }
    }

    // The same process to clients, which know their rings by its number, and another epoch to everyone.
    private void TakeOver(ulong processId)
    {
        RegistryClient registry = ports.Registry;
        if (processId != 0 && registry.ProcessId == 0)
        {
            registry.Identity.ProcessId = processId;
        }

        foreach (IJournal journal in ports.Journals)
        {
            journal.Identify(registry.ProcessId, registry.Identity.Epoch);
        }
    }

    private void Report(ReattachedRings rings)
    {
        foreach (string trouble in rings.Troubles)
        {
            ports.Logger.LogWarning("{Name}: {Trouble}", options.Name, trouble);
        }

        if (Segments > 0 || Rings > 0)
        {
            ports.Logger.LogInformation(
                "{Name}: recovered {Events} events of {Stories} stories from {Segments} segments, {Rings} rings",
                options.Name, Events, Stories, Segments, Rings);
        }
    }
}
