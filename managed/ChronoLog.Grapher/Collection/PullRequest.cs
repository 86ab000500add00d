using System.Runtime.CompilerServices;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Grapher.Stories;
using ChronoLog.Store.Archive;

namespace ChronoLog.Grapher.Collection;

/// <summary>One announced image on its way through collection and building.</summary>
internal sealed class PullRequest(
    AnnounceChunkRequest announcement, PartialKey key, GrapherStory story, CancellationToken deadline)
{
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public AnnounceChunkRequest Announcement => announcement;

    public PartialKey Key => key;

    /// <summary>As it was when the announcement came: a story destroyed and created again is another one.</summary>
    public GrapherStory Story => story;

    /// <summary>Of a story that goes before others.</summary>
    public bool IsPriority { get; } = ChronicleAttributes.IsPriority(announcement.Story.Attributes);

    /// <summary>Cancelled when the sender no longer waits, and so no longer exposes the image.</summary>
    public CancellationToken Deadline => deadline;

    /// <summary>Bytes that the image and its index entries will take.</summary>
    public long HeldBytes => announcement.Image.Length + ((long)announcement.EventCount * Unsafe.SizeOf<EventEntry>());

    /// <summary>Ends when the events are in their pipeline, or with the reason why not.</summary>
    public Task Done => done.Task;

    public void Succeed() => done.TrySetResult();

    public void Fail(Exception exception) => done.TrySetException(exception);

    /// <summary>For messages.</summary>
    public string Describe() =>
        $"chunk {key.Sequence}.{announcement.Part} of process {key.ProcessId} "
        + $"[{announcement.StartTime}, {announcement.EndTime}) of story "
        + $"{announcement.Story.Chronicle}/{announcement.Story.Story}";
}
