using ChronoLog.Core.Ports;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Journal;

/// <summary>
/// Takes up the segments of earlier runs. First all are surveyed: what is whole, what is missing, and, by what the
/// batches say of each other, what had been on the device. Then every whole batch is given once; those of which nobody
/// knows that they had been synced are synced now.
/// </summary>
/// <remarks>
/// A batch that is missing was either younger than the last sync (a torn tail, or a hole that a power cut left: nobody
/// was told that it was safe), or it is damage. A segment and its rewrites stand for each other: a batch counts as
/// missing only when neither has it, and is given from the rewrite when both have it, for the original's device had
/// failed.
/// </remarks>
internal sealed class SegmentRecovery(
    PosixDirectory directory, IReadOnlyList<string> names, SegmentPool pool, Action<SegmentFile, long, long> syncRange)
{
    private readonly List<SegmentSurvey> surveys = [];
    private readonly List<JournalDamage> damages = [];
    private readonly Dictionary<ulong, long> syncedByEpoch = [];
    private long torn;

    public JournalRecovery Run(RecoveredBatchTaker take)
    {
        var intake = new SegmentIntake(directory, damages);
        surveys.AddRange(intake.Take(names));
        surveys.ForEach(survey => pool.Adopt(survey.File));
        Relate();
        foreach (SegmentSurvey survey in surveys)
        {
            Judge(survey);
        }

        Dictionary<SegmentSurvey, RecoveredSegment> segments = MakeSegments();
        foreach (SegmentSurvey survey in surveys)
        {
            Give(survey, segments[survey], take);
            segments[survey].Release();
        }

        ulong owner = surveys.Where(survey => survey.Header.ProcessId != 0)
            .MaxBy(survey => survey.Header.Epoch)?.Header.ProcessId ?? 0;
        return new JournalRecovery(surveys.Count, owner, torn, damages);
    }

    private void Relate()
    {
        var originals = surveys.Where(survey => !survey.IsRewrite).ToDictionary(survey => survey.Header.Sequence);
        foreach (SegmentSurvey survey in surveys)
        {
            ulong epoch = survey.Header.Epoch;
            syncedByEpoch[epoch] = Math.Max(syncedByEpoch.GetValueOrDefault(epoch), survey.Synced);
            if (survey.IsRewrite && originals.TryGetValue(survey.Header.RewriteOf, out SegmentSurvey? original)
                && original.Header.Epoch == epoch)
            {
                original.Rewrites.Add(survey);
            }
        }
    }

    private void Judge(SegmentSurvey survey)
    {
        IEnumerable<SegmentHole> holes = survey.Holes.Concat(MissingAtEnd(survey));
        List<SegmentHole> missing = [.. holes.SelectMany(hole => NumberRanges.Without(hole, PresentBeside(survey)))];
        long synced = syncedByEpoch[survey.Header.Epoch];
        List<SegmentHole> lost = [.. missing.Where(hole => hole.FirstNumber <= synced)];
        torn += missing.Except(lost).Sum(hole => Math.Min(int.MaxValue, hole.LastNumber - hole.FirstNumber + 1));
        if (lost.Count > 0)
        {
            survey.File.IsDamaged = true;
            (ulong start, ulong end) = TickRange.Of(survey.Bytes, survey.Header);
            damages.Add(new JournalDamage(survey.File.Path, Describe(lost), start, end));
        }
    }

    private IEnumerable<(long First, long Last)> PresentBeside(SegmentSurvey survey) => survey.IsRewrite
        ? surveys.Where(other => other.Rewrites.Contains(survey)).SelectMany(original => original.Present())
        : survey.Rewrites.SelectMany(rewrite => rewrite.Present());

    // A segment that a later one of its run followed was full up to the later one's first batch, or to one in between.
    private IEnumerable<SegmentHole> MissingAtEnd(SegmentSurvey survey)
    {
        if (survey.IsRewrite || survey.End == SegmentEnd.Sealed)
        {
            return [];
        }

        long next = surveys
            .Where(other => !other.IsRewrite && other.Header.Epoch == survey.Header.Epoch
                && other.Header.FirstNumber > survey.Header.FirstNumber)
            .Select(other => other.Header.FirstNumber)
            .DefaultIfEmpty(0)
            .Min();
        return next > survey.LastNumber + 1
            ? [new SegmentHole(
                survey.EndOffset, survey.Header.SegmentBytes - survey.EndOffset, survey.LastNumber + 1, next - 1,
                WasSynced: false)]
            : [];
    }

    private static string Describe(List<SegmentHole> lost)
    {
        const int ListedMax = 8;
        IEnumerable<string> listed = lost.Take(ListedMax).Select(hole =>
            $"{hole.Length} bytes at {hole.Offset} (batches {hole.FirstNumber} to {hole.LastNumber})");
        string more = lost.Count > ListedMax ? $" and {lost.Count - ListedMax} more places" : "";
        return $"unreadable although they had been synced: {string.Join(", ", listed)}{more}";
    }

    private Dictionary<SegmentSurvey, RecoveredSegment> MakeSegments()
    {
        var made = new Dictionary<SegmentSurvey, RecoveredSegment>(ReferenceEqualityComparer.Instance);
        foreach (SegmentSurvey survey in surveys.OrderBy(survey => survey.IsRewrite ? 0 : 1))
        {
            List<RecoveredSegment> rewrites = [.. survey.Rewrites.Select(rewrite => made[rewrite])];
            rewrites.ForEach(rewrite => rewrite.AddReference());
            var segment = new RecoveredSegment(pool, survey.File, survey.Header, rewrites);
            pool.Track(segment);
            made.Add(survey, segment);
        }

        return made;
    }

    private void Give(SegmentSurvey survey, RecoveredSegment segment, RecoveredBatchTaker take)
    {
        long synced = syncedByEpoch[survey.Header.Epoch];
        long unsyncedFrom = -1;
        var walk = new SegmentWalk(survey.Bytes, survey.Header);
        while (walk.MoveNext())
        {
            long number = walk.Current.Number;
            if (survey.Rewrites.Exists(rewrite => rewrite.Has(number)))
            {
                continue;
            }

            if (number > synced && unsyncedFrom < 0)
            {
                unsyncedFrom = walk.Offset;
            }

            nint address = segment.Address + (nint)walk.Offset + BatchHeader.Length;
            take(walk.Current.Origin, new JournalSpan(segment, address, walk.Current.ByteLength, Number: 0));
        }

        if (unsyncedFrom >= 0)
        {
            // As long as nothing of the segment had been synced, neither had been its header.
            Renew(survey.File, synced < survey.Header.FirstNumber ? 0 : unsyncedFrom, survey.EndOffset);
        }
    }

    /// <summary>
    /// Writes pages out that may never have been. The earlier run may have seen its sync fail, and the kernel then
    /// takes the pages for clean: they are made dirty again, so that what is reported now is true.
    /// </summary>
    private unsafe void Renew(SegmentFile file, long from, long to)
    {
        long start = from & ~(SegmentHeader.PageLength - 1L);
        byte* bytes = (byte*)file.Mapping.Address;
        for (long page = start; page < to; page += SegmentHeader.PageLength)
        {
            Volatile.Write(ref bytes[page], Volatile.Read(ref bytes[page]));
        }

        try
        {
            syncRange(file, start, to - start);
        }
        catch (PosixException exception)
        {
            throw new IOException(
                $"what an earlier run wrote to {file.Path} and did not sync could not be synced now: "
                + $"{exception.Message}; mend the device, or move the journal to another one, and start the Keeper again",
                exception);
        }
    }
}
