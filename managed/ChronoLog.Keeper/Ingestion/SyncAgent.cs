using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;
using ChronoLog.Keeper.Stories;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Keeper.Ingestion;

/// <summary>
/// Group commit: one sync covers everything that all rings of an ingestion thread brought since the last one, and then
/// every ring's durable position is published. Its thread may block in the sync.
/// </summary>
public sealed class SyncAgent(
    KeeperOptions options, IJournal journal, IngestionAgent ingestion, StoryTable stories, ITimers timers,
    ILogger logger)
    : IAgent
{
    // A device that failed gets a pause, not a storm of retries.
    private const long PauseAfterFailureNanoseconds = 100_000_000;

    private readonly List<(RingSession Session, long Position)> covered = [];
    private long nextSync;
    private long cycles;
    private long failures;
    private bool isFailing;

    public string Name { get; } = $"{ingestion.Name} sync";

    /// <summary>Duty cycles begun. From any thread.</summary>
    public long Cycles => Volatile.Read(ref cycles);

    /// <summary>Syncs that the device refused.</summary>
    public long Failures => Volatile.Read(ref failures);

    public int DoWork()
    {
        Volatile.Write(ref cycles, cycles + 1);
        long now = timers.MonotonicNanoseconds;
        if (now < nextSync)
        {
            return 0;
        }

        // Positions first: whatever is indexed by now was appended before, so what is synced afterwards covers it.
        CollectPositions();
        if (journal.Appended == journal.Synced)
        {
            // A batch is appended before it is indexed: the last sync may have covered one whose position came later.
            return covered.Count == 0 ? 0 : Publish();
        }

        bool synced = TrySync();
        TimeSpan interval = stories.AnySynced ? options.SyncInterval : options.SyncIntervalRelaxed;
        nextSync = now + (synced ? (long)interval.TotalNanoseconds : PauseAfterFailureNanoseconds);
        return synced ? Publish() : 0;
    }

    private void CollectPositions()
    {
        covered.Clear();
        foreach (RingSession session in ingestion.Rings)
        {
            long position = session.Indexed;
            if (position > session.Durable)
            {
                covered.Add((session, position));
            }
        }
    }

    private bool TrySync()
    {
        try
        {
            journal.Sync();
            if (isFailing)
            {
                isFailing = false;
                logger.LogInformation("{Name}: the journal reaches its device again", Name);
            }

            return true;
        }
        catch (IOException exception)
        {
            Volatile.Write(ref failures, failures + 1);
            if (!isFailing)
            {
                isFailing = true;
                logger.LogError(
                    "{Name}: {Reason}; nothing is reported as synced until it succeeds", Name, exception.Message);
            }

            return false;
        }
    }

    private int Publish()
    {
        foreach ((RingSession session, long position) in covered)
        {
            session.Ring.PublishDurable(position);
            session.Durable = position;
        }

        return 1;
    }
}
