using ChronoLog.Core.Model;
using ChronoLog.Interop.Ring;
using ChronoLog.Transport.Rings;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Rings;

/// <summary>A Keeper's ring host in a directory of its own, and a client that records into its rings.</summary>
internal sealed class RingFixture : IDisposable
{
    internal const ulong ClientId = 77;
    internal const ulong StoryId = 9;
    internal const ulong Epoch = 1_700_000_000_000_000_000;

    private ulong lastRingId;

    internal RingFixture(SharedRingOptions? options = null)
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("chronolog-rings-").FullName;
        Host = new SharedRingHost((options ?? new SharedRingOptions()) with { Directory = Directory });
        Clock.Set(Clock.LocalNanoseconds, Epoch, 0);
        Session = new RecorderSession(ClientId, Clock);
    }

    internal string Directory { get; }

    internal SharedRingHost Host { get; }

    internal SharedClock Clock { get; } = new();

    internal RecorderSession Session { get; }

    internal SharedRing CreateRing(long capacity = RingLayout.CapacityMin, int producerPid = 0) =>
        Host.Create(ClientId, ++lastRingId, producerPid, capacity);

    /// <summary>A story that records into one ring.</summary>
    internal StoryWriter Open(SharedRing ring, ulong storyId = StoryId) =>
        Session.OpenStory(storyId, Placement.LocalFirst, [Session.AddRing(ring.Path, ring.RingId)]);

    /// <summary>The ring as its producers see it, to break rules with.</summary>
    internal static RingHandle Attach(SharedRing ring) =>
        RingHandle.Attach(ring.Path, ClientId, ring.RingId, 0, out NativeError error)
        ?? throw new AssertionException(error.Message);

    /// <summary>Consumes everything committed, frame by frame.</summary>
    internal static List<RingEvent> Drain(SharedRing ring, int maxBytes = int.MaxValue)
    {
        var events = new List<RingEvent>();
        while (true)
        {
            ReadOnlySpan<byte> frames = ring.Committed(maxBytes);
            if (frames.IsEmpty)
            {
                return events;
            }

            RingEvent.ReadAll(frames, events);
            ring.Consume(frames.Length);
        }
    }

    public void Dispose()
    {
        Session.Dispose();
        Host.Dispose();
        Clock.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
