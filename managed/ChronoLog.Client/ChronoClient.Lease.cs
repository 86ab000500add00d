using System.Collections.Concurrent;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Client;

/// <summary>
/// Staying known to the Visor. Each renewal of the lease brings the views of the client's groups that are newer than its
/// own; and a Visor that does not know the client (it was restarted, or the lease ran out) is told again what is held.
/// </summary>
public sealed partial class ChronoClient
{
    // Guards against a Visor's reply that would make this client flood it.
    private static readonly TimeSpan KeepAliveMin = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<uint, GroupView> groups = new();
    private TimeSpan lease;
    private TimeSpan keepAlivePeriod;
    private ulong session;

    /// <summary>
    /// A group from which this client acquired a story has other members, or others of them are dead. Called on the
    /// thread that learned of it, perhaps on two at once: must not block. What it throws is ignored.
    /// </summary>
    internal event Action<GroupView>? GroupChanged;

    /// <summary>The newest view of a group; null for one from which nothing was acquired.</summary>
    internal GroupView? Group(uint number) => groups.GetValueOrDefault(number);

    private void TakeLease(ConnectReply reply)
    {
        ClientId = reply.ClientId;
        session = reply.Session;
        lease = TimeSpan.FromMilliseconds(Math.Clamp(reply.LeaseMilliseconds, 300, 3_600_000));
        TakePeriod(reply.KeepAliveMilliseconds);
    }

    private void TakePeriod(uint milliseconds)
    {
        TimeSpan longest = lease / 3;
        TimeSpan wanted = milliseconds == 0 ? longest : TimeSpan.FromMilliseconds(milliseconds);
        keepAlivePeriod = wanted > longest ? longest : wanted < KeepAliveMin ? KeepAliveMin : wanted;
    }

    private async Task KeepAliveAsync()
    {
        try
        {
            while (true)
            {
                await ports.Timers.Delay(keepAlivePeriod, closing.Token).ConfigureAwait(ports.StaysOnContext);
                if (await RenewLeaseAsync().ConfigureAwait(ports.StaysOnContext) is { } other
                    && await AcquireAgainAsync().ConfigureAwait(ports.StaysOnContext))
                {
                    session = other;
                    await RenewLeaseAsync().ConfigureAwait(ports.StaysOnContext); // the Visor need not wait for this client any more
                }
            }
        }
        catch (OperationCanceledException) when (closing.IsCancellationRequested)
        {
        }
    }

    /// <returns>The session in which everything has to be acquired again; null: all is well, or the Visor is away.</returns>
    private async Task<ulong?> RenewLeaseAsync()
    {
        await leaseLock.EnterAsync(closing.Token).ConfigureAwait(ports.StaysOnContext);
        try
        {
            if (ClientId == 0)
            {
                return null;
            }

            var request = new KeepAliveRequest { ClientId = ClientId, Session = session };
            request.Clock = ports.ReportClock();
            foreach (GroupView view in groups.Values)
            {
                request.Groups.Add(new GroupEpoch { Group = view.Group, Epoch = view.Epoch });
            }

            KeepAliveReply reply =
                await CallAsync(Methods.KeepAlive, request, closing.Token).ConfigureAwait(ports.StaysOnContext);
            TakePeriod(reply.KeepAliveMilliseconds);
            rings.Troubles = [.. reply.Troubles];
            foreach (GroupView view in reply.Groups)
            {
                Observe(view);
            }

            return reply.AcquireAgain ? reply.Session : null;
        }
        catch (ChronoLogException)
        {
            return null; // the Visor is away: recording and replay of what is acquired go on without it
        }
        finally
        {
            leaseLock.Leave();
        }
    }

    /// <summary>Tells the Visor what is held; the handles stay as they are, but for those of destroyed stories.</summary>
    /// <returns>False when it went away in between: it asks again.</returns>
    private async Task<bool> AcquireAgainAsync()
    {
        await stateLock.EnterAsync(closing.Token).ConfigureAwait(ports.StaysOnContext);
        try
        {
            foreach (StoryHandle handle in held.Values.Where(static handle => !handle.IsGivenBack).ToList())
            {
                StoryRequest request = ForStory(handle.Chronicle, handle.Story);
                request.Again = true;
                request.StoryId = handle.StoryId;
                if (await TryAcquireAgainAsync(request).ConfigureAwait(ports.StaysOnContext) is { } reply)
                {
                    handle.Group = reply.Story.Group;
                    Observe(reply.Group);
                }
                else
                {
                    // What would still be recorded through it is nobody's: the next call says so.
                    held.Remove((handle.Chronicle, handle.Story));
                    await handle.CloseAsync().ConfigureAwait(ports.StaysOnContext);
                }
            }

            return true;
        }
        catch (ChronoLogException)
        {
            return false;
        }
        finally
        {
            stateLock.Leave();
        }
    }

    /// <returns>Null: the story was destroyed meanwhile, and there is nothing left to hold.</returns>
    private async Task<StoryReply?> TryAcquireAgainAsync(StoryRequest request)
    {
        try
        {
            return await CallAsync(Methods.AcquireStory, request, closing.Token).ConfigureAwait(ports.StaysOnContext);
        }
        catch (ChronoLogException exception) when (exception.Status is Status.NotExist or Status.Acquired)
        {
            return null;
        }
    }

    private void Observe(GroupView? view)
    {
        if (view is null)
        {
            return;
        }

        lock (groups)
        {
            if (groups.TryGetValue(view.Group, out GroupView? known) && known.Epoch >= view.Epoch)
            {
                return;
            }

            groups[view.Group] = view;
        }

        try
        {
            GroupChanged?.Invoke(view);
        }
        catch (Exception)
        {
            // Whoever listens must not end the renewals of the lease.
        }
    }

    // A Visor takes back every client that it hears: a renewal after the leave would bring this one back for a lease.
    private async Task LeaveAsync(CancellationToken cancellation)
    {
        await leaseLock.EnterAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
        try
        {
            await CallAsync(Methods.Disconnect, new ClientRequest { ClientId = ClientId }, cancellation)
                .ConfigureAwait(ports.StaysOnContext);
            ClientId = 0;
        }
        finally
        {
            leaseLock.Leave();
        }
    }

    private async Task TryLeaveAsync()
    {
        try
        {
            await portal.CallAsync(Methods.Disconnect, new ClientRequest { ClientId = ClientId }, TimeSpan.FromSeconds(1))
                .ConfigureAwait(ports.StaysOnContext);
        }
        catch (ChronoLogException)
        {
            // The lease ends by itself.
        }
    }
}
