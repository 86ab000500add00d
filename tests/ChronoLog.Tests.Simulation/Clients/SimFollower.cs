using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Checking;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Processes;

namespace ChronoLog.Tests.Simulation.Clients;

/// <summary>Follows a story through the product's client; every page goes to the checker as it comes.</summary>
internal sealed class SimFollower(
    ClientProcess process, Deployment deployment, string story, ulong from, PlaybackMode mode, bool isSlow)
{
    private const ulong Second = 1_000_000_000;

    private readonly HashSet<EventSequence> shown = [];
    private readonly List<Gap> losses = [];
    private EventSequence last;
    private ulong watermark;
    private bool isBroken;

    /// <summary>It follows: what is recorded has to come.</summary>
    public bool IsFollowing { get; private set; }

    /// <summary>Follows until the client leaves, or the story is not there.</summary>
    public async ValueTask FollowAsync(ChronoClient client)
    {
        SimRandom random = process.World.Random.Fork();
        deployment.Followers.Add(this);
        try
        {
            IAsyncEnumerable<PlaybackPage> pages = client.PlaybackAsync(Deployment.ChronicleOf(story), story, from, mode);
            await foreach (PlaybackPage page in pages)
            {
                if (process.IsAlive)
                {
                    IsFollowing = true;
                    Check(page);
                }

                if (isSlow)
                {
                    await process.Delay(TimeSpan.FromMicroseconds(random.Between(10, 300_000)));
                }
            }
        }
        catch (ChronoLogException exception)
        {
            process.World.Trace.Say(process.World.Now, process.FullName, $"follows {story} no more: {exception.Message}");
        }
        finally
        {
            IsFollowing = false;
            deployment.Followers.Remove(this);
        }
    }

    /// <summary>An event that it should have shown by now and has not; null = there is none.</summary>
    public RecordedEvent? Missing() => !process.IsAlive ? null : deployment.Model.Story(story).Values.FirstOrDefault(
        recorded => recorded.Sequence.EventTime >= from && recorded.IsPromised(deployment.Model.Returns)
            && !shown.Contains(recorded.Sequence) && !losses.Any(gap => Covers(gap, recorded.Sequence.EventTime)));

    public override string ToString() => $"{process.FullName}'s {mode} playback of {story} from {from}";

    // Of a story that is shown in the order of arrival it is the granules that are in order.
    private bool Follows(in EventSequence next) => Deployment.ChronicleOf(story) == Deployment.Ordered && mode == PlaybackMode.Ordered
        ? next.EventTime / Second >= last.EventTime / Second
        : next > last;

    private static bool Covers(Gap gap, ulong tick) => tick >= gap.StartTime && tick < gap.EndTime;

    private void Check(PlaybackPage page)
    {
        process.World.Note("followed", process.FullName, (ulong)page.Count, (ulong)page.Gaps.Count);
        losses.AddRange(page.Gaps.Where(gap => gap.EndTime != ulong.MaxValue && page.Count == 0));
        foreach (EventEntry entry in page.Events)
        {
            EventSequence sequence = entry.Sequence;
            Expect(shown.Add(sequence), "a playback shows each event once", $"{sequence} twice in {this}");
            if (page.IsInOrder)
            {
                Expect(shown.Count == 1 || Follows(sequence), "a playback's order", $"{sequence} follows {last} in {this}");
                Expect(
                    mode == PlaybackMode.Immediate || sequence.EventTime >= watermark,
                    "nothing in order below the watermark", $"{sequence} below {watermark} in {this}");
            }

            last = sequence > last ? sequence : last;
            CheckContent(entry);
        }

        watermark = Math.Max(watermark, page.Watermark);
    }

    private void CheckContent(in EventEntry entry)
    {
        EventSequence sequence = entry.Sequence;
        bool isKnown = deployment.Model.Story(story).TryGetValue(sequence, out RecordedEvent? recorded);
        Expect(
            isKnown && recorded!.Fate != EventFate.Reserved, "no event invented", $"{sequence} ({recorded?.Fate}) in {this}");
        Expect(sequence.EventTime >= from, "the range asked for", $"{sequence} in {this}");
        Expect(
            !isKnown || recorded!.Record.AsSpan().SequenceEqual(entry.LogRecord), "byte for byte",
            $"{sequence} has other bytes in {this}");
    }

    private void Expect(bool holds, string promise, string what)
    {
        if (!holds && !isBroken)
        {
            isBroken = true; // one defect makes many
            process.World.Violations.Add(promise, what);
        }
    }
}
