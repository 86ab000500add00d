using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Client;

/// <summary>An acquired story: records events. Thread-safe; nothing is allocated per event, and no RPC is made.</summary>
public sealed class StoryHandle
{
    // Events go straight to the sealed class, whose call into C is inlined. Null in a simulation, where no call may wait:
    // there the application records into the model of the writer.
    private readonly StoryWriter recorder;
    private readonly IStoryWriter writer;

    internal StoryHandle(StoryDescriptor story, IStoryWriter writer, ulong clientId)
    {
        this.writer = writer;
        recorder = (writer as StoryWriter)!;
        Chronicle = story.Chronicle;
        Story = story.Story;
        StoryId = story.StoryId;
        ClientId = clientId;
        Group = story.Group;
        Durability = ChronicleAttributes.Parse(story.Attributes).Durability;
    }

    /// <summary>The story's chronicle.</summary>
    public string Chronicle { get; }

    /// <summary>Its name there.</summary>
    public string Story { get; }

    /// <summary>Hash of both names.</summary>
    public ulong StoryId { get; }

    /// <summary>The recording client: part of every event's identity.</summary>
    public ulong ClientId { get; }

    /// <summary>The chronicle's level, which a release waits for.</summary>
    public DurabilityLevel Durability { get; }

    /// <summary>Records one event; returns its ChronoTick. Waits, bounded, while the ring is full.</summary>
    /// <exception cref="ChronoLogException">
    /// TimedOut, NoKeepers, LimitExceeded, NotAcquired: nothing was recorded, ever. Unknown (with replicas only): the event
    /// is with fewer Keepers than that, stored at most once.
    /// </exception>
    public ulong LogEvent(ReadOnlySpan<byte> record) => recorder.LogEvent(record);

    /// <inheritdoc cref="LogEvent(ReadOnlySpan{byte})"/>
    /// <param name="record">The event's bytes; may be empty.</param>
    /// <param name="index">With tick and client id the event's identity.</param>
    public ulong LogEvent(ReadOnlySpan<byte> record, out uint index) => recorder.LogEvent(record, out index);

    /// <summary>
    /// Records one event with a time of the caller's own. Events of <see cref="LogEvent(ReadOnlySpan{byte})"/> keep their
    /// order; of these the caller sees to it. One that comes below a watermark that was stated is counted as late, and is
    /// in every replay all the same. The first call tells the Visor, and blocks for as long (see
    /// <see cref="DeclareOwnTimesAsync"/>).
    /// </summary>
    /// <param name="tick">
    /// ChronoTick; between the Keepers' settings <c>late-bound</c> before now (30 days by default) and <c>future-bound</c>
    /// after it (1 s; the clock's uncertainty is added).
    /// </param>
    /// <param name="record">The event's bytes; may be empty.</param>
    /// <returns>The index: with tick and client id the event's identity.</returns>
    /// <exception cref="ChronoLogException">
    /// LimitExceeded: the tick lies beyond the bounds; nothing was recorded. Else as LogEvent, and of the first call
    /// NoConnection and TimedOut.
    /// </exception>
    public uint LogEventAt(ulong tick, ReadOnlySpan<byte> record)
    {
        if (recorder.TryLogEventAt(tick, record, out uint index))
        {
            return index;
        }

        // On the pool: the caller may be the one thread of a context that the call's continuations would wait for.
        Task.Run(() => DeclareOwnTimesAsync()).GetAwaiter().GetResult();
        return recorder.LogEventAt(tick, record);
    }

    /// <summary>
    /// Tells the Visor that the story gets events with times of this client's own, once and for good: from then on a
    /// replay while a Keeper is missing may be PARTIAL below the watermark too. The first
    /// <see cref="LogEventAt"/> does so by itself.
    /// </summary>
    /// <exception cref="ChronoLogException">NoConnection, TimedOut; NotExist: the story was destroyed.</exception>
    public async Task DeclareOwnTimesAsync(CancellationToken cancellation = default)
    {
        if (Client is not null)
        {
            await Client.DeclareOwnTimesAsync(this, cancellation).ConfigureAwait(StaysOnContext);
        }

        writer.AllowOwnTimes();
    }

    /// <summary>Records many events at once.</summary>
    /// <param name="records">The records, one after the other.</param>
    /// <param name="lengths">The length of each, in bytes.</param>
    /// <param name="ticks">Receives their ticks.</param>
    public void LogBatch(ReadOnlySpan<byte> records, ReadOnlySpan<int> lengths, Span<ulong> ticks) =>
        recorder.LogBatch(records, lengths, ticks);

    /// <summary>Completes when everything recorded through this handle so far has reached the level.</summary>
    /// <param name="level">Replicated needs replicas=2 (else NotSupported). Archived does not wait for windows.</param>
    /// <param name="timeout">Then TimedOut, or NoKeepers when a Keeper is away that would have to say so.</param>
    /// <param name="cancellation">Ends the wait at once.</param>
    public async Task FlushAsync(DurabilityLevel level, TimeSpan timeout, CancellationToken cancellation = default)
    {
        if (level == DurabilityLevel.Archived && Rings is not null && Placement is not null)
        {
            long begin = Rings.Timers.MonotonicNanoseconds;
            await FlushAsync(DurabilityLevel.Journaled, timeout, cancellation).ConfigureAwait(StaysOnContext);
            TimeSpan rest = timeout == Timeout.InfiniteTimeSpan ? timeout : timeout - Since(begin);
            await Rings.ArchiveAsync(Placement, rest > TimeSpan.Zero || rest == timeout ? rest : TimeSpan.Zero, cancellation)
                .ConfigureAwait(StaysOnContext);
            return;
        }

        if (!IsReached(level))
        {
            // The ring's own wait goes on until its time is up; nobody waits for it then.
            await FlushWaitingAsync(level, timeout).WaitAsync(cancellation).ConfigureAwait(StaysOnContext);
        }
    }

    /// <summary>The recording group that the Visor named last.</summary>
    internal uint Group { get; set; }

    /// <summary>A release was sent, and not answered.</summary>
    internal bool IsGivenBack { get; set; }

    /// <summary>
    /// The <c>chrono_story_writer</c>, for those who record from C. Valid as long as this handle is reachable.
    /// </summary>
    internal nint NativeWriter => recorder.Native;

    internal RingSet? Rings { get; init; }

    internal ChronoClient? Client { get; init; }

    internal StoryPlacement? Placement { get; init; }

    internal IStoryWriter Writer => writer;

    private bool StaysOnContext => Rings?.StaysOnContext ?? false;

    internal async Task CloseAsync()
    {
        writer.Dispose();
        if (Rings is not null && Placement is not null)
        {
            await Rings.ForgetAsync(Placement).ConfigureAwait(StaysOnContext);
        }
    }

    private TimeSpan Since(long begin) =>
        TimeSpan.FromMicroseconds((Rings!.Timers.MonotonicNanoseconds - begin) / 1000.0);

    // No Keeper now: it may be back, or its events with another one, before the time is up.
    private bool IsReached(DurabilityLevel level)
    {
        try
        {
            return writer.TryFlush(level);
        }
        catch (ChronoLogException exception) when (exception.Status == Status.NoKeepers)
        {
            return false;
        }
    }

    private async Task FlushWaitingAsync(DurabilityLevel level, TimeSpan timeout)
    {
        try
        {
            await writer.FlushAsync(level, timeout).ConfigureAwait(StaysOnContext);
        }
        catch (ChronoLogException exception)
            when (exception.Status is Status.TimedOut or Status.NoKeepers && Rings?.Owing is { Length: > 0 } owing)
        {
            throw new ChronoLogException(
                Status.NoKeepers,
                $"story '{Chronicle}/{Story}' has not reached level {level}: the journal of keeper {owing} holds events "
                + "that it had not said to be synced when it went away; start it again, or ask for a lower level",
                exception);
        }
    }
}
