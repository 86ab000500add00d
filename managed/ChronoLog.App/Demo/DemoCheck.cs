using System.Globalization;
using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.App.Demo;

/// <summary>What one replay of the demo gave: how much, whether in order, and the processor's load that it tells of.</summary>
internal sealed class DemoCheck
{
    private EventSequence last;
    private (long Busy, long Total)? before;

    public long Events { get; private set; }

    public bool InOrder { get; private set; } = true;

    public Status Status { get; private set; }

    /// <summary>Share of processor time in use between consecutive samples that differ, 0 to 1.</summary>
    public List<double> Load { get; } = [];

    public static async Task<DemoCheck> ReplayAsync(
        ChronoClient client, string chronicle, string story, ulong start, ulong end, CancellationToken cancellation)
    {
        var check = new DemoCheck();
        await using Replay replay = await client.ReplayAsync(chronicle, story, start, end, cancellation: cancellation);
        await foreach (EventPage page in replay.WithCancellation(cancellation))
        {
            foreach (ref readonly EventEntry entry in page.Events)
            {
                check.Add(entry);
            }
        }

        check.Status = replay.Status;
        return check;
    }

    private void Add(in EventEntry entry)
    {
        // Strictly ascending: an event that came twice is an error too.
        InOrder &= Events == 0 || entry.Sequence > last;
        last = entry.Sequence;
        Events++;
        if (entry.LogRecord.StartsWith("cpu "u8))
        {
            AddLoad(Encoding.ASCII.GetString(entry.LogRecord));
        }
    }

    private void AddLoad(string line)
    {
        Dictionary<string, long> fields = line.Split(' ').Skip(1).Select(field => field.Split('='))
            .ToDictionary(pair => pair[0], pair => long.Parse(pair[1], CultureInfo.InvariantCulture));
        (long Busy, long Total) now = (fields["busy"], fields["total"]);
        if (before is { } earlier && now.Total > earlier.Total)
        {
            Load.Add((double)(now.Busy - earlier.Busy) / (now.Total - earlier.Total));
        }

        // Jiffies are 10 ms: most samples of a kilohertz see no change.
        if (before is null || now.Total > before.Value.Total)
        {
            before = now;
        }
    }
}
