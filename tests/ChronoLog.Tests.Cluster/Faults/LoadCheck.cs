using ChronoLog.Client;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>One replay, compared with what a <see cref="Load"/> recorded and was promised.</summary>
internal sealed class LoadCheck
{
    private readonly HashSet<int> numbers = [];
    private readonly List<string> anomalies = [];
    private EventSequence last;
    private int events;

    /// <summary>Whether the replay called itself complete.</summary>
    public bool IsComplete { get; private set; }

    public IReadOnlyList<Gap> Gaps { get; private set; } = [];

    public int Events => events;

    /// <summary>Events out of order, twice, changed, refused, or never recorded.</summary>
    public IReadOnlyList<string> Anomalies => anomalies;

    /// <summary>Acknowledged events that are not there.</summary>
    public IReadOnlyList<int> Missing { get; private set; } = [];

    /// <param name="client">Of any deployment.</param>
    /// <param name="load">What was recorded.</param>
    /// <param name="acknowledged">Events below it must be there; all that are acknowledged now unless given.</param>
    public static async Task<LoadCheck> ReplayAsync(ChronoClient client, Load load, int? acknowledged = null)
    {
        int through = acknowledged ?? load.Acknowledged;
        var check = new LoadCheck();
        var found = new List<(EventSequence Sequence, int? Number)>();
        await using Replay replay = await client.ReplayAsync(load.Chronicle, load.Story);
        await foreach (EventPage page in replay)
        {
            foreach (ref readonly EventEntry entry in page.Events)
            {
                found.Add((entry.Sequence, NumberedRecord.Read(entry.LogRecord)));
            }
        }

        check.IsComplete = replay.Status == Status.Ok;
        check.Gaps = replay.Gaps;
        foreach ((EventSequence sequence, int? number) in found)
        {
            check.Add(load, sequence, number);
        }

        check.Missing = [.. Enumerable.Range(0, through)
            .Where(number => load[number] is not null && !check.numbers.Contains(number))];
        return check;
    }

    /// <summary>A replay that must be complete and hold all that was acknowledged before it.</summary>
    public static async Task<LoadCheck> AssertAsync(ChronoClient client, Load load, string when)
    {
        LoadCheck check = await ReplayAsync(client, load);
        Assert.Multiple(() =>
        {
            Assert.That(check.Gaps, Is.Empty, when);
            Assert.That(check.Missing, Is.Empty, $"acknowledged and not there, {when}");
            Assert.That(check.Anomalies, Is.Empty, when);
        });
        return check;
    }

    private void Add(Load load, EventSequence sequence, int? number)
    {
        if (events > 0 && sequence <= last)
        {
            anomalies.Add($"{sequence} comes after {last}");
        }

        last = sequence;
        events++;
        if (number is not { } which)
        {
            anomalies.Add($"{sequence} is not as it was recorded");
        }
        else if (!numbers.Add(which))
        {
            anomalies.Add($"event {which} is there twice");
        }
        else if (which < load.Recorded && load[which] != sequence)
        {
            anomalies.Add($"event {which} is there as {sequence} and was recorded as {load[which]} (nothing: refused)");
        }
    }
}
