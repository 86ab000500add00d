using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Client;

/// <summary>Acquiring and releasing stories.</summary>
public sealed partial class ChronoClient
{
    private static readonly TimeSpan GiveBackDeadline = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Acquires a story for recording; it is created if missing. Again by the same client: the same handle.
    /// </summary>
    /// <param name="chronicle">Must exist, unless <paramref name="createChronicle"/>.</param>
    /// <param name="story">Name within the chronicle.</param>
    /// <param name="attributes">Of the story, when it is created.</param>
    /// <param name="createChronicle">Creates a missing chronicle with default attributes.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ChronoLogException">
    /// NotExist, NoKeepers, NotSupported (no data plane to a Keeper of another node), InvalidArgument.
    /// </exception>
    public async Task<StoryHandle> AcquireStoryAsync(
        string chronicle,
        string story,
        IReadOnlyDictionary<string, string>? attributes = null,
        bool createChronicle = false,
        CancellationToken cancellation = default)
    {
        await stateLock.EnterAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
        try
        {
            if (Volatile.Read(ref disposed) != 0)
            {
                throw new ChronoLogException(
                    Status.NoConnection,
                    $"story '{chronicle}/{story}': the client has left the deployment; connect again");
            }

            if (held.TryGetValue((chronicle, story), out StoryHandle? handle) && !handle.IsGivenBack)
            {
                return handle;
            }

            StoryRequest request = ForStory(chronicle, story);
            request.CreateChronicle = createChronicle;
            foreach ((string key, string value) in attributes ?? new Dictionary<string, string>())
            {
                request.Attributes[key] = value;
            }

            StoryReply reply = await AcquireAtVisorAsync(request, cancellation).ConfigureAwait(ports.StaysOnContext);
            if (handle is not null && await TakeBackAsync(handle, reply).ConfigureAwait(ports.StaysOnContext))
            {
                return handle;
            }

            handle = await OpenAsync(reply, cancellation).ConfigureAwait(ports.StaysOnContext);
            held.Add((chronicle, story), handle);
            Observe(reply.Group);
            return handle;
        }
        finally
        {
            stateLock.Leave();
        }
    }

    /// <summary>Flushes to the chronicle's durability level and gives the story back.</summary>
    /// <exception cref="ChronoLogException">
    /// NotAcquired; TimedOut, NoKeepers: the level was not reached, the story is still held. When it is the Visor that did
    /// not answer, nobody knows whether it is held: events are refused until it is acquired, or released, again.
    /// </exception>
    public Task ReleaseStoryAsync(string chronicle, string story, CancellationToken cancellation = default) =>
        ReleaseStoryAsync(chronicle, story, level: null, cancellation);

    /// <inheritdoc cref="ReleaseStoryAsync(string, string, CancellationToken)"/>
    /// <param name="chronicle">Of the story.</param>
    /// <param name="story">Held.</param>
    /// <param name="level">Instead of the chronicle's: for who can't wait until a dead Keeper is back.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task ReleaseStoryAsync(
        string chronicle, string story, DurabilityLevel? level, CancellationToken cancellation = default)
    {
        StoryHandle handle = await HeldAsync(chronicle, story, cancellation).ConfigureAwait(ports.StaysOnContext);

        // Not under the lock: it takes as long as the Keeper's device, and other stories need not wait for that.
        await handle.FlushAsync(level ?? handle.Durability, options.ReleaseTimeout, cancellation)
            .ConfigureAwait(ports.StaysOnContext);
        await stateLock.EnterAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
        try
        {
            if (held.GetValueOrDefault((chronicle, story)) != handle)
            {
                throw NotHeld(chronicle, story); // another thread was faster
            }

            await GiveBackAsync(handle, level ?? handle.Durability, cancellation).ConfigureAwait(ports.StaysOnContext);
            held.Remove((chronicle, story));
            await handle.CloseAsync().ConfigureAwait(ports.StaysOnContext);
        }
        finally
        {
            stateLock.Leave();
        }
    }

    // Once the Visor knows, anybody may destroy the story: what another thread recorded from then on would be nobody's.
    private async Task GiveBackAsync(StoryHandle handle, DurabilityLevel level, CancellationToken cancellation)
    {
        handle.Writer.IsSealed = true;
        try
        {
            await handle.FlushAsync(level, options.ReleaseTimeout, cancellation).ConfigureAwait(ports.StaysOnContext);
        }
        catch when (!handle.IsGivenBack)
        {
            handle.Writer.IsSealed = false;
            throw;
        }

        handle.IsGivenBack = true;
        await ReleaseAtVisorAsync(ForStory(handle.Chronicle, handle.Story), cancellation)
            .ConfigureAwait(ports.StaysOnContext);
    }

    /// <returns>False: the story was given back, and destroyed since; the handle is closed.</returns>
    private async Task<bool> TakeBackAsync(StoryHandle handle, StoryReply reply)
    {
        if (handle.StoryId == reply.Story.StoryId)
        {
            handle.Group = reply.Story.Group;
            handle.IsGivenBack = false;
            handle.Writer.IsSealed = false;
            Observe(reply.Group);
            return true;
        }

        held.Remove((handle.Chronicle, handle.Story));
        await handle.CloseAsync().ConfigureAwait(ports.StaysOnContext);
        return false;
    }

    /// <summary>Tells the Visor that a story that is held gets events with times of this client's own.</summary>
    /// <exception cref="ChronoLogException">NotAcquired; NoConnection, TimedOut.</exception>
    internal async Task DeclareOwnTimesAsync(StoryHandle handle, CancellationToken cancellation)
    {
        await stateLock.EnterAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
        try
        {
            if (held.GetValueOrDefault((handle.Chronicle, handle.Story)) != handle)
            {
                throw NotHeld(handle.Chronicle, handle.Story); // or the Visor would take it for held again
            }

            StoryRequest request = ForStory(handle.Chronicle, handle.Story);
            (request.Again, request.OwnTimes, request.StoryId) = (true, true, handle.StoryId);
            await CallAsync(Methods.AcquireStory, request, cancellation).ConfigureAwait(ports.StaysOnContext);
        }
        finally
        {
            stateLock.Leave();
        }
    }

    private async Task<StoryHandle> HeldAsync(string chronicle, string story, CancellationToken cancellation)
    {
        await stateLock.EnterAsync(cancellation).ConfigureAwait(ports.StaysOnContext);
        try
        {
            return held.GetValueOrDefault((chronicle, story)) ?? throw NotHeld(chronicle, story);
        }
        finally
        {
            stateLock.Leave();
        }
    }

    // Without an answer the Visor may count the story as held all the same, and would for as long as this client lives.
    private async Task<StoryReply> AcquireAtVisorAsync(StoryRequest request, CancellationToken cancellation)
    {
        try
        {
            return await CallAsync(Methods.AcquireStory, request, cancellation).ConfigureAwait(ports.StaysOnContext);
        }
        catch (Exception exception)
            when (exception is OperationCanceledException or ChronoLogException { Status: Status.TimedOut })
        {
            await TryGiveBackAsync(request).ConfigureAwait(ports.StaysOnContext);
            throw;
        }
    }

    private async Task TryGiveBackAsync(StoryRequest request)
    {
        try
        {
            await portal.CallAsync(Methods.ReleaseStory, request, GiveBackDeadline)
                .ConfigureAwait(ports.StaysOnContext);
        }
        catch (ChronoLogException)
        {
            // Not held after all, or the Visor is away: why the acquisition failed is what the caller is told.
        }
    }

    // A Visor that was restarted meanwhile does not know who held what: then there is nothing left to release.
    private async Task ReleaseAtVisorAsync(StoryRequest request, CancellationToken cancellation)
    {
        try
        {
            await CallAsync(Methods.ReleaseStory, request, cancellation).ConfigureAwait(ports.StaysOnContext);
        }
        catch (ChronoLogException exception) when (exception.Status == Status.NotAcquired)
        {
        }
    }

    private async Task<StoryHandle> OpenAsync(StoryReply reply, CancellationToken cancellation)
    {
        try
        {
            StoryPlacement placement = await rings.OpenAsync(reply, cancellation).ConfigureAwait(ports.StaysOnContext);
            return new StoryHandle(reply.Story, placement.Writer, ClientId)
            {
                Rings = rings, Placement = placement, Client = this,
            };
        }
        catch
        {
            await TryGiveBackAsync(ForStory(reply.Story.Chronicle, reply.Story.Story))
                .ConfigureAwait(ports.StaysOnContext);
            throw;
        }
    }

    private static ChronoLogException NotHeld(string chronicle, string story) =>
        new(Status.NotAcquired, $"story '{chronicle}/{story}' is not held by this client");
}
