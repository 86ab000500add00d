using System.Buffers.Binary;
using ChronoLog.Core.Model;
using ChronoLog.Keeper.Stories;

namespace ChronoLog.Keeper.Ingestion;

/// <summary>
/// Gives events of stories that are ordered by arrival their stamps, on the way from the ring to the journal: what is in
/// the journal keeps its stamp whatever becomes of this process. One ingestion thread's own.
/// </summary>
/// <remarks>
/// A stamp is the base clock's tick at which the batch was taken from its ring, or the tick after the stamp before it: so
/// no two of one thread are equal, and they ascend in the order in which the thread took the events. Those of different
/// threads and Keepers may be equal; then the EventSequence decides. While no story asks for it nothing is done here.
/// </remarks>
/// <param name="stories">All threads'.</param>
/// <param name="frameBytesMax">Larger frames fit no journal segment: such an event stays without a stamp.</param>
internal sealed class ArrivalStamper(StoryTable stories, int frameBytesMax)
{
    private readonly Dictionary<ulong, bool> asked = [];
    private long version = -1;
    private ulong last;
    private byte[] taken = [];
    private byte[] stamped = [];

    /// <summary>Most bytes of frames that are to be taken from a ring, so that they fit a batch with their stamps.</summary>
    public int Room(int batchBytes) => stories.AnyArrivals ? batchBytes - (batchBytes / 4) : batchBytes;

    /// <summary>The frames as they go into the journal; valid until the next call.</summary>
    /// <param name="frames">In the producers' memory: copied before it is looked at.</param>
    /// <param name="arrival">ChronoTick of now.</param>
    public ReadOnlySpan<byte> Stamp(ReadOnlySpan<byte> frames, ulong arrival)
    {
        if (!stories.AnyArrivals)
        {
            return frames;
        }

        Reserve(frames.Length);
        frames.CopyTo(taken);
        return Rewrite(taken.AsSpan(0, frames.Length), arrival);
    }

    private ReadOnlySpan<byte> Rewrite(ReadOnlySpan<byte> frames, ulong arrival)
    {
        ForgetIfStoriesChanged();
        last = Math.Max(last, stories.NewestArrival);
        int position = 0;
        while (frames.Length >= RecordFrame.HeaderLength)
        {
            int length = RecordFrame.Length(frames);
            int aligned = RecordFrame.AlignedLength(Math.Max(length, 0));
            if (length < RecordFrame.HeaderLength || aligned > frames.Length)
            {
                break; // no frame: the indexer says so
            }

            bool isStamped = length <= frameBytesMax - EventEntry.StampLength && Wants(RecordFrame.StoryId(frames));
            position += isStamped
                ? Put(frames[..length], stamped.AsSpan(position), last = Math.Max(last + 1, arrival))
                : Copy(frames[..aligned], stamped.AsSpan(position));
            frames = frames[aligned..];
        }

        return stamped.AsSpan(0, position + Copy(frames, stamped.AsSpan(position)));
    }

    private static int Put(ReadOnlySpan<byte> frame, Span<byte> target, ulong stamp)
    {
        int length = frame.Length + EventEntry.StampLength;
        int aligned = RecordFrame.AlignedLength(length);
        target[length..aligned].Clear();
        frame[..RecordFrame.HeaderLength].CopyTo(target);
        BinaryPrimitives.WriteInt32LittleEndian(target, length | RecordFrame.StampFlag);
        BinaryPrimitives.WriteUInt64LittleEndian(target[RecordFrame.HeaderLength..], stamp);
        frame[RecordFrame.HeaderLength..].CopyTo(target[(RecordFrame.HeaderLength + EventEntry.StampLength)..]);
        return aligned;
    }

    private static int Copy(ReadOnlySpan<byte> bytes, Span<byte> target)
    {
        bytes.CopyTo(target);
        return bytes.Length;
    }

    private bool Wants(ulong storyId)
    {
        if (!asked.TryGetValue(storyId, out bool wants))
        {
            wants = stories.WantsArrivals(storyId);
            asked.Add(storyId, wants);
        }

        return wants;
    }

    private void ForgetIfStoriesChanged()
    {
        long current = stories.ArrivalsVersion;
        if (current != version)
        {
            version = current;
            asked.Clear();
        }
    }

    // A frame of 24 bytes becomes one of 32.
    private void Reserve(int bytes)
    {
        if (taken.Length < bytes)
        {
            taken = new byte[bytes];
            stamped = new byte[bytes + (bytes / RecordFrame.HeaderLength * EventEntry.StampLength)];
        }
    }
}
