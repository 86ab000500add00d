using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Chunk;

/// <summary>
/// The merge of <see cref="MergeCursor"/> over sources that deliver their runs (pages) one after the other, so that
/// memory is bounded by one page per source and one more. Of equal EventSequences the source with the smallest number
/// wins. Not thread-safe.
/// </summary>
/// <example><code>
/// while (!merge.AtEnd)
/// {
///     while (merge.NeedsInput(out int source)) { merge.Feed(source, ...) or merge.End(source); }
///     int count = merge.Read(entries);   // copy the records before the next Feed
/// }
/// </code></example>
public sealed partial class StreamingMerge : IDisposable
{
    private readonly EventRun?[] current;
    private readonly MergeTree tree;
    private EventRun? lastHolder;
    private bool disposed;

    /// <param name="sources">How many; 0 is at its end at once.</param>
    public StreamingMerge(int sources)
    {
        tree = new MergeTree(sources, KeepsDuplicates);
        current = new EventRun?[sources];
    }

    /// <summary>True when every source has ended and everything was read.</summary>
    public bool AtEnd => tree.AtEnd;

    /// <summary>Duplicates dropped so far.</summary>
    public long Duplicates => tree.Duplicates;

    /// <summary>Dropped duplicates whose bytes were not those of the one that was kept.</summary>
    public long Conflicts => tree.Conflicts;

    /// <summary>Whether the merge cannot go on before a source was fed or ended, and which.</summary>
    public bool NeedsInput(out int source)
    {
        source = tree.DrySource;
        return source >= 0;
    }

    /// <summary>
    /// Whether this source has nothing left to read: at the start several do, later only the one that is needed.
    /// </summary>
    public bool IsDry(int source) => tree.IsDry(source);

    /// <summary>
    /// Gives a dry source its next run, takes over the caller's reference, and lets go of the source's run before:
    /// entries read from it are invalid from here on. An empty run leaves the source dry.
    /// </summary>
    /// <exception cref="ChronoLogException">
    /// <see cref="Status.Corrupt"/>: the run begins before the last one's end.
    /// </exception>
    /// <exception cref="InvalidOperationException">The source is not dry.</exception>
    public void Feed(int source, EventRun run)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (run.Count == 0)
        {
            run.Release();
            return;
        }

        EventRun? before = current[source];
        bool holdsLast = tree.LastSource == source;
        try
        {
            if (before is not null && run.First < before.Last)
            {
                throw new ChronoLogException(
                    Status.Corrupt,
                    $"replay source {source} went back in time: {before.Last} was followed by {run.First}");
            }

            tree.Supply(source, run.Storage.Entries, run.Start, run.Count, source);
        }
        catch
        {
            run.Release();
            throw;
        }

        current[source] = run;
        LetGo(before, holdsLast);
    }

    /// <summary>Nothing more comes from a dry source.</summary>
    /// <exception cref="InvalidOperationException">The source is not dry.</exception>
    public void End(int source)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        bool holdsLast = tree.LastSource == source;
        tree.End(source);
        EventRun? before = current[source];
        current[source] = null;
        LetGo(before, holdsLast);
    }

    /// <summary>First entry that a source has left. Not for a dry source, and not for one that has ended.</summary>
    public EventSequence Head(int source) => tree.Head(source);

    /// <summary>Whether an event comes after everything that was read or passed.</summary>
    public bool IsBehindLast(in EventSequence sequence) => tree.IsBehindLast(sequence);

    /// <summary>Events that never came here were delivered in order, by another way, up to this one.</summary>
    public void Passed(in EventSequence last) => tree.Passed(last);

    /// <summary>
    /// Next entries in order, up to where a source runs dry. They stay valid until the next <see cref="Feed"/>,
    /// <see cref="End"/> or <see cref="Dispose"/>.
    /// </summary>
    /// <returns>How many; 0 when a source needs input, or at the end.</returns>
    public int Read(Span<EventEntry> target)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return tree.Read(target);
    }

    public void Dispose()
    {
        if (disposed)
        {
            return;
        }

        disposed = true;
        lastHolder?.Release();
        foreach (EventRun? run in current)
        {
            run?.Release();
        }
    }

    /// <summary>
    /// Releases a run, unless it holds the last entry delivered: a duplicate of that may come from another source, and
    /// is then compared with its bytes.
    /// </summary>
    private void LetGo(EventRun? run, bool holdsLast)
    {
        if (run is not null && holdsLast)
        {
            (lastHolder, run) = (run, lastHolder);
        }

        run?.Release();
    }
}
