using ChronoLog.Transport.Rings;

namespace ChronoLog.Bench.Micro;

/// <summary>A ring with both of its ends in this process, in shared memory as in a deployment.</summary>
internal sealed class RingBench : IDisposable
{
    public const ulong ClientId = 77;
    public const ulong StoryId = 9;
    private const long CapacityBytes = 16L << 20; // the default of a Keeper

    private readonly string directory;
    private readonly SharedRingHost host;
    private readonly RecorderSession session;

    public RingBench()
    {
        directory = Directory.CreateDirectory($"/dev/shm/chronolog-bench-ring-{Guid.NewGuid():N}").FullName;
        host = new SharedRingHost(new SharedRingOptions { Directory = directory });
        Clock.Set(Clock.LocalNanoseconds, 1_700_000_000_000_000_000, 0);
        session = new RecorderSession(ClientId, Clock);
        Ring = host.Create(ClientId, 1, 0, CapacityBytes);
        Writer = session.OpenStory(StoryId, Placement.LocalFirst, [session.AddRing(Ring.Path, Ring.RingId)]);
    }

    public SharedClock Clock { get; } = new();

    public SharedRing Ring { get; }

    public StoryWriter Writer { get; }

    /// <summary>Takes everything out as the Keeper does, without looking at it.</summary>
    public long Drain()
    {
        long bytes = 0;
        while (true)
        {
            int length = Ring.Committed(256 << 10).Length;
            if (length == 0)
            {
                return bytes;
            }

            Ring.Consume(length);
            bytes += length;
        }
    }

    public void Dispose()
    {
        Writer.Dispose();
        session.Dispose();
        host.Dispose();
        Clock.Dispose();
        Directory.Delete(directory, recursive: true);
    }
}
