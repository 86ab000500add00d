using System.Runtime.CompilerServices;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Following;
using ChronoLog.Core.Model;
using ChronoLog.Core.Pipeline;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Keeper.Stories;

namespace ChronoLog.Keeper.Ingestion;

/// <summary>
/// Walks the frames of a batch in the journal and appends an index entry for each to its story's builder. One ingestion
/// thread's own. A story is looked up once per change of story: the last one is kept, the others are in a dictionary.
/// </summary>
/// <param name="thread">Number of the ingestion thread.</param>
/// <param name="stories">All threads'.</param>
/// <param name="isRecovery">What was taken before a restart was within the limits then.</param>
internal sealed class BatchIndexer(int thread, StoryTable stories, bool isRecovery = false)
{
    // 32768 entries are 1 MiB.
    private const int RunEntries = 32768;

    private readonly Dictionary<ulong, Slot> slots = [];
    private readonly List<Slot> entered = [];
    private long version = -1;
    private Slot? last;
    private bool hasPriority;
    private ulong oldest;

    /// <param name="batch">A batch in the journal.</param>
    /// <param name="clientId">Whose events these are.</param>
    /// <param name="range">Ticks that are indexed.</param>
    /// <exception cref="ChronoLogException">
    /// <see cref="Status.Corrupt"/>: the frames are not frames; those before the defect are indexed.
    /// <see cref="Status.LimitExceeded"/>: more unknown stories than are allowed.
    /// </exception>
    public BatchTally Index(in JournalSpan batch, ulong clientId, EventTimeRange range)
    {
        ForgetIfStoriesChanged();
        hasPriority = false;
        oldest = ulong.MaxValue;
        try
        {
            return Walk(batch, clientId, range);
        }
        finally
        {
            LeaveAll();
        }
    }

    // Pipelines are called only when no handle is entered: whoever holds a pipeline's lock waits for its handles.
    private void LeaveAll()
    {
        foreach (Slot slot in entered)
        {
            slot.IsLong = slot.Builder!.Count >= RunEntries;
            slot.Feed?.Append(slot.Builder.Since(slot.First));
            slot.Builder = null;
            slot.Handle.Exit();
        }

        // Whoever reads or retires sequences, too, but between two retirements a fast client brings millions of events:
        // the thread that brings them keeps the runs, and so their arrays, of a size that the pool holds.
        foreach (Slot slot in entered)
        {
            if (slot.IsLong)
            {
                slot.Story.Pipeline.Sequence();
            }
        }

        entered.Clear();
    }

    private BatchTally Walk(in JournalSpan batch, ulong clientId, EventTimeRange range)
    {
        ReadOnlySpan<byte> frames = batch.Frames;
        int events = 0;
        int farFuture = 0;
        int tooOld = 0;
        int offset = 0;
        while (offset < frames.Length)
        {
            ReadOnlySpan<byte> frame = frames[offset..];
            bool isStamped = false;
            int length = frame.Length < RecordFrame.HeaderLength ? 0 : RecordFrame.JournalLength(frame, out isStamped);
            int header = RecordFrame.HeaderLength + (isStamped ? EventEntry.StampLength : 0);
            if (length < header || length > frame.Length)
            {
                throw NotAFrame(offset, length, frame.Length);
            }

            ulong tick = RecordFrame.EventTime(frame);
            if (range.Contains(tick))
            {
                var entry = new EventEntry(
                    tick, clientId, RecordFrame.EventIndex(frame),
                    batch.Address + offset + header, length - header, isStamped);
                if (isStamped && isRecovery)
                {
                    stories.NoteArrival(entry.Arrival);
                }

                BuilderOf(RecordFrame.StoryId(frame), tick).Append(entry, batch.Segment);
                events++;
            }
            else
            {
                farFuture += tick > range.Most ? 1 : 0;
                tooOld += tick < range.Least ? 1 : 0;
            }

            offset += RecordFrame.AlignedLength(length);
        }

        return new BatchTally(events, farFuture, tooOld, hasPriority, oldest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private EventRunBuilder BuilderOf(ulong storyId, ulong tick) =>
        last is { Builder: { } builder } slot && slot.StoryId == storyId ? builder : EnterStory(storyId, tick);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private EventRunBuilder EnterStory(ulong storyId, ulong tick)
    {
        if (!slots.TryGetValue(storyId, out Slot? slot))
        {
            LeaveAll();
            KeeperStory story = isRecovery ? stories.Recover(storyId, tick) : stories.Resolve(storyId, tick);
            slot = new Slot(story, thread) { Feed = stories.FeedOf(storyId) };
            slots.Add(storyId, slot);
        }

        if (slot.Builder is null)
        {
            slot.Builder = slot.Handle.Enter();
            slot.First = slot.Builder.Count;
            entered.Add(slot);
            hasPriority |= slot.Story.IsPriority;
            oldest = slot.Story.Descriptor is { OwnTimes: false } ? Math.Min(oldest, tick) : oldest;
        }

        last = slot;
        return slot.Builder;
    }

    // A dismantled story must not be found here again. Slots are cheap to make, and stories come and go seldom.
    private void ForgetIfStoriesChanged()
    {
        long current = stories.Version;
        if (current != version)
        {
            version = current;
            slots.Clear();
            last = null;
        }
    }

    private static ChronoLogException NotAFrame(int offset, int length, int rest) => new(
        Status.Corrupt, $"no frame at byte {offset} of the batch: its length is {length}, {rest} bytes are left");

    private sealed class Slot(KeeperStory story, int thread)
    {
        public KeeperStory Story { get; } = story;

        public ulong StoryId { get; } = story.StoryId;

        public IngestionHandle Handle { get; } = story.HandleOf(thread);

        /// <summary>Where followers read; null = there are none.</summary>
        public EventFeed? Feed { get; init; }

        /// <summary>Entries that were in the builder when its handle was entered.</summary>
        public int First { get; set; }

        /// <summary>Its run is to be ended.</summary>
        public bool IsLong { get; set; }

        /// <summary>Not null while the handle is entered.</summary>
        public EventRunBuilder? Builder { get; set; }
    }
}
