using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Rings;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Client;

/// <content>
/// Keepers of other nodes. Their rings have an end here, into which is recorded as into any ring, and a
/// <see cref="RingMirror"/> that carries it over; everything else knows no difference.
/// </content>
internal sealed partial class RingSet
{
    // Nobody wakes this thread when something is recorded: that would be a system call per event.
    private static readonly TimeSpan MirrorSleep = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan MirrorSleepIdle = TimeSpan.FromMilliseconds(5);
    private const long IdleNanoseconds = 1_000_000_000;

    // Before the client is gone, and what it recorded with it.
    private static readonly TimeSpan HandOverPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HandOverPause = TimeSpan.FromMilliseconds(2);

    private readonly List<RingMirror> mirrors = [];
    private readonly HashSet<ulong> strangers = [];
    private readonly Dictionary<string, IBulkEndpoint> fabrics = [];
    private long lastMirrored;

    private TimeSpan SleepMax()
    {
        TimeSpan watch = TimeSpan.FromMicroseconds(watchNanoseconds / 1000.0);
        bool isIdle = ports.Timers.MonotonicNanoseconds - lastMirrored > IdleNanoseconds;
        TimeSpan mirror = isIdle ? MirrorSleepIdle : MirrorSleep;
        return mirrors.Count > 0 && mirror < watch ? mirror : watch;
    }

    private bool IsNear(ProcessIdentity keeper) => options.SharedMemory && keeper.Host == ports.Host;

    private bool SharesMemory(ProcessIdentity keeper) => IsNear(keeper) && !strangers.Contains(keeper.ProcessId);

    /// <summary>A Keeper of this node that runs as another user, as a service does: its memory is not this process's to map.</summary>
    private bool IsStranger(ProcessIdentity keeper, ChronoLogException refusal)
    {
        if (refusal.Status != Status.NotAuthorized || !strangers.Add(keeper.ProcessId))
        {
            return false;
        }

        logger.LogInformation(
            "keeper '{Keeper}' runs as another user, and pulls what client {Client} records instead of sharing memory with it",
            keeper.Name, clientId);
        return true;
    }

    private int Mirror()
    {
        if (!mirrors.Exists(static mirror => mirror.HasWork))
        {
            return 0;
        }

        lastMirrored = ports.Timers.MonotonicNanoseconds;
        strand.Post(_ => mirrors.ForEach(static mirror => mirror.Pump()), null);
        return strand.DoWork();
    }

    private async Task<KeeperRing> MapAsync(
        ProcessIdentity keeper, IRpcChannel channel, OpenRingReply reply, bool isMirrored)
    {
        if (!isMirrored)
        {
            return new KeeperRing(keeper, Session.AddRing(reply), channel, reply, mirror: null);
        }

        IBulkEndpoint bulk = FabricTo(keeper);
        IMirroredRing end = ports.CreateRing(clientId, reply);
        var identity = new MirrorIdentity { ClientId = clientId, RingId = reply.RingId, Path = reply.Path };
        var mirror = new RingMirror(
            end, identity, keeper.Name, channel, bulk, reply.SpanBytesMax, ports.Timers, logger, ending.Token);
        try
        {
            await mirror.BeginAsync();
            RecorderRing added = Session.AddRing(end);
            mirrors.Add(mirror);
            return new KeeperRing(keeper, added, channel, reply, mirror);
        }
        catch
        {
            mirror.Dispose();
            throw;
        }
    }

    private IBulkEndpoint FabricTo(ProcessIdentity keeper)
    {
        if (!fabrics.TryGetValue(keeper.FabricProvider, out IBulkEndpoint? bulk))
        {
            fabrics[keeper.FabricProvider] = bulk = ports.OpenBulk(keeper);
        }

        return bulk;
    }

    // Shared memory does not mind where a Keeper that was started again listens.
    private void FollowAddress(KeeperRing ring)
    {
        ProcessIdentity? now = ring.Story?.Group.Keepers.FirstOrDefault(
            keeper => keeper.ProcessId == ring.Keeper.ProcessId);
        if (ring.Mirror is { } mirror && now is not null && now.ServiceEndpoint != ring.Keeper.ServiceEndpoint)
        {
            IRpcChannel before = ring.Channel;
            ring.Keeper = now;
            ring.Channel = ports.Connector.Open(now.ServiceEndpoint);
            mirror.Connect(ring.Channel);
            _ = before.DisposeAsync().AsTask();
        }
    }

    // The client needs nothing of it any more; its Keeper does, or would wait for what this end may hold.
    private async Task FinishAsync(KeeperRing ring)
    {
        if (ring.Mirror is { } mirror)
        {
            try
            {
                await mirror.FinishAsync();
            }
            catch (OperationCanceledException)
            {
                return; // the client ends, and all its mirrors with it
            }

            mirrors.Remove(mirror);
            mirror.Dispose();
        }

        await ring.Channel.DisposeAsync();
    }

    /// <summary>What was recorded is handed over before the client ends: its memory goes with it.</summary>
    private async Task HandOverAsync()
    {
        await AwaitHandOverAsync(HandOverPatience); // Keepers that are silent now are still left for others
        isClosing = true;
        Session.Dispose(); // nothing is recorded from now on
        await AwaitHandOverAsync(CloseDeadline);
        foreach (RingMirror mirror in mirrors.Where(static mirror => !mirror.IsHandedOver))
        {
            logger.LogError(
                "client {Client} ends with {Bytes} bytes of events that their Keeper on another node has not taken: they "
                + "are lost",
                clientId, mirror.BytesLeft);
        }
    }

    private async Task AwaitHandOverAsync(TimeSpan patience)
    {
        long end = ports.Timers.MonotonicNanoseconds + (long)patience.TotalNanoseconds;
        while (!mirrors.TrueForAll(static mirror => mirror.IsHandedOver) && ports.Timers.MonotonicNanoseconds < end)
        {
            await ports.Timers.Delay(HandOverPause);
        }
    }

    private async ValueTask EndMirrorsAsync()
    {
        mirrors.ForEach(static mirror => mirror.Dispose());
        mirrors.Clear();
        foreach (IBulkEndpoint bulk in fabrics.Values)
        {
            await bulk.DisposeAsync().ConfigureAwait(ports.StaysOnContext);
        }
    }
}
