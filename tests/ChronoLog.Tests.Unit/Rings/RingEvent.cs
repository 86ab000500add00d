using ChronoLog.Core.Model;

namespace ChronoLog.Tests.Unit.Rings;

/// <summary>An event as it came out of a ring.</summary>
internal sealed record RingEvent(ulong StoryId, ulong Tick, uint Index, byte[] Record)
{
    internal static void ReadAll(ReadOnlySpan<byte> frames, List<RingEvent> events)
    {
        while (!frames.IsEmpty)
        {
            int length = RecordFrame.Length(frames);
            events.Add(new RingEvent(
                RecordFrame.StoryId(frames), RecordFrame.EventTime(frames), RecordFrame.EventIndex(frames),
                frames[RecordFrame.HeaderLength..length].ToArray()));
            frames = frames[RecordFrame.AlignedLength(length)..];
        }
    }
}
