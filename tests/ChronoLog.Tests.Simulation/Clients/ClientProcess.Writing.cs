using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Simulation.Checking;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Memory;
using ChronoLog.Tests.Simulation.Processes;

namespace ChronoLog.Tests.Simulation.Clients;

/// <content>What its writers do.</content>
internal sealed partial class ClientProcess
{
    private static readonly Dictionary<string, string> TwoCopies = new()
    {
        [ChronicleAttributes.ReplicasKey] = "2",
    };

    private static readonly Dictionary<string, string> ByArrival = new()
    {
        [ChronicleAttributes.CollisionKey] = "ordering",
        [ChronicleAttributes.GranularityKey] = "s",
        [ChronicleAttributes.TypeKey] = "priority",
        [ChronicleAttributes.TieringKey] = "cold",
    };

    private readonly SortedDictionary<string, StoryHandle> stories = new(StringComparer.Ordinal);

    private readonly HashSet<StoryHandle> declared = [];

    private static SimStoryWriter Recorder(StoryHandle handle) => (SimStoryWriter)handle.Writer;

    private async ValueTask WriteAsync(ChronoClient connected)
    {
        SimRandom random = World.Random.Fork();
        while (IsBusy)
        {
            string story = random.Pick(deployment.Stories);
            await TryAsync(() => WriteAsync(connected, random, story));
            await Delay(random.Between(TimeSpan.FromMilliseconds(1), deployment.Settings.RecordPause));
        }
    }

    private async ValueTask WriteAsync(ChronoClient connected, SimRandom random, string story)
    {
        StoryHandle handle = await AcquireAsync(connected, story);
        int burst = 1 + random.Below(8);
        for (int i = 0; i < burst; i++)
        {
            ulong? given = declared.Contains(handle) && random.Chance(0.3) ? DrawTime(connected, random) : null;
            await Recorder(handle).LogEventAsync(story, NewRecord(random), given);
        }

        if (random.Chance(0.05) && !declared.Contains(handle))
        {
            await handle.DeclareOwnTimesAsync();
            declared.Add(handle);
        }

        if (random.Chance(0.2))
        {
            await FlushAsync(handle, DrawLevel(random, handle));
        }

        if (random.Chance(story == Deployment.Destroyed ? 0.5 : 0.02))
        {
            await ReleaseAsync(connected, handle);
        }
    }

    /// <summary>Destroys the story that is there for it; refused while anybody holds it.</summary>
    public void BeginDestroying() => this.Launch(strand, async () =>
    {
        if (client is { } connected && IsBusy)
        {
            await TryAsync(() => DestroyAsync(connected));
        }
    });

    private async ValueTask DestroyAsync(ChronoClient connected)
    {
        string story = Deployment.Destroyed;
        IReadOnlyList<RecordedEvent> before = deployment.Model.BeginDestroying(story);
        try
        {
            await connected.DestroyStoryAsync(Deployment.ChronicleOf(story), story);
            if (Effect("destroy returns"))
            {
                World.Note("destroyed", FullName, (ulong)before.Count);
                foreach (RecordedEvent recorded in before)
                {
                    recorded.GoneAt = World.Now;
                }
            }
        }
        finally
        {
            // Recorded meanwhile: before or after, who knows. A request that was given up on may still be on its way.
            deployment.Model.BeginDestroying(story);
            World.After(TimeSpan.FromSeconds(3), () => deployment.Model.BeginDestroying(story));
        }
    }

    private static DurabilityLevel DrawLevel(SimRandom random, StoryHandle handle) => random.Below(8) switch
    {
        0 => DurabilityLevel.Archived,
        1 or 2 when Recorder(handle).Replicas > 1 => DurabilityLevel.Replicated,
        < 5 => DurabilityLevel.Journaled,
        _ => DurabilityLevel.Synced,
    };

    private async ValueTask FlushAsync(StoryHandle handle, DurabilityLevel level)
    {
        List<RecordedEvent> covered = Recorder(handle).Unconfirmed(level);
        TimeSpan timeout = TimeSpan.FromMilliseconds(level == DurabilityLevel.Archived ? 3000 : 500);
        await handle.FlushAsync(level, timeout);
        if (Effect("flush returns"))
        {
            World.Note("flushed", FullName, (ulong)level, (ulong)covered.Count);
            deployment.Flushes.Flushed(FullName, level, covered);
        }
    }

    private async ValueTask<StoryHandle> AcquireAsync(ChronoClient connected, string story)
    {
        if (stories.TryGetValue(story, out StoryHandle? held))
        {
            return held;
        }

        string chronicle = Deployment.ChronicleOf(story);
        Dictionary<string, string>? attributes = chronicle switch
        {
            Deployment.Replicated => TwoCopies,
            Deployment.Ordered => ByArrival,
            _ => null,
        };
        if (attributes is not null)
        {
            await TryAsync(() => new ValueTask(connected.CreateChronicleAsync(chronicle, attributes)));
        }

        StoryHandle handle =
            await connected.AcquireStoryAsync(chronicle, story, createChronicle: attributes is null);
        return stories[story] = handle;
    }

    // Whether or not it comes about, the release flushes first: what it covers is what was recorded before.
    private async ValueTask ReleaseAsync(ChronoClient connected, StoryHandle handle)
    {
        List<RecordedEvent> covered = Recorder(handle).Unconfirmed(handle.Durability);
        await connected.ReleaseStoryAsync(handle.Chronicle, handle.Story);
        if (stories.GetValueOrDefault(handle.Story) == handle)
        {
            stories.Remove(handle.Story);
        }

        if (Effect("release returns"))
        {
            deployment.Flushes.Flushed(FullName, handle.Durability, covered);
        }
    }

    private async ValueTask FlushFinallyAsync()
    {
        const int Attempts = 5; // what lies in the ring of a Keeper that is gone for good is never confirmed
        foreach (StoryHandle handle in stories.Values.ToList())
        {
            bool isFlushed = false;
            for (int attempt = 0; attempt < Attempts && !isFlushed; attempt++)
            {
                await TryAsync(async () =>
                {
                    await FlushAsync(handle, DurabilityLevel.Synced);
                    isFlushed = true;
                });
            }
        }
    }

    // Mostly where windows have passed and watermarks were stated; sometimes ahead, within the bound.
    private static ulong DrawTime(ChronoClient connected, SimRandom random)
    {
        ulong now = connected.Clock.Now;
        return random.Chance(0.1)
            ? now + (ulong)random.Between(0, 900_000_000)
            : now - (ulong)random.Between(0, random.Chance(0.3) ? 3_600_000_000_000 : 6_000_000_000);
    }

    private byte[] NewRecord(SimRandom random)
    {
        byte[] record = new byte[random.Below(deployment.Settings.RecordBytesMax)];
        for (int i = 0; i < record.Length; i++)
        {
            record[i] = (byte)random.Next();
        }

        return record;
    }
}
