using ChronoLog.Core.Ports;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Journal;

/// <summary>
/// Looks at every file of a journal directory and sorts out what no segment is: unused ones go, unreadable ones are set
/// aside, and what was set aside before is stated again, as long as it is there. One bad file never keeps the others
/// from being used.
/// </summary>
internal sealed class SegmentIntake(PosixDirectory directory, List<JournalDamage> damages)
{
    private readonly List<string> headless = [];

    // The file is read once by read(), which reports a bad sector, where the mapping would raise a signal.
    private readonly byte[] buffer = new byte[1 << 20];

    /// <summary>The segments, in the order of their sequence.</summary>
    /// <param name="names">Everything that an earlier run left.</param>
    public IReadOnlyList<SegmentSurvey> Take(IReadOnlyList<string> names)
    {
        damages.AddRange(names.Where(name => SegmentFile.DamagedName(name) is not null).Order().Select(StateAgain));
        List<string> segments = [.. names.Where(name => SegmentFile.SequenceOf(name) is not null).Order()];
        List<SegmentSurvey> surveys = [.. segments.Select(name => TryTake(name, Take)).OfType<SegmentSurvey>()];

        // Those without a header, once it is known whose they could be.
        HashSet<(ulong ProcessId, ulong Epoch)> owners =
            [.. surveys.Select(survey => (survey.Header.ProcessId, survey.Header.Epoch))];
        surveys.AddRange(headless.Select(name => TryTake(name, (_, file) => TakeHeadless(name, file, owners)))
            .OfType<SegmentSurvey>());
        return [.. surveys.OrderBy(survey => survey.Header.Sequence)];
    }

    private SegmentSurvey? TryTake(string name, Func<string, PosixFile, SegmentSurvey?> take)
    {
        try
        {
            using PosixFile file = directory.OpenFile(name, PosixOpen.ReadWrite | PosixOpen.NonBlocking);
            return take(name, file);
        }
        catch (PosixException exception) when (IsOfTheFile(exception))
        {
            SetAside(name, exception.Message);
            return null;
        }
    }

    // Anything else (no rights, no memory, too many open files) speaks of this process: it must not cost a sound
    // segment.
    private static bool IsOfTheFile(PosixException exception) => exception.Errno is PosixError.InputOutput
        or PosixError.TooManyLinks or PosixError.IsDirectory or PosixError.NoSuchDevice;

    private SegmentSurvey? Take(string name, PosixFile file)
    {
        long sequence = SegmentFile.SequenceOf(name)!.Value;
        if (Refusal(file) is { } refusal)
        {
            SetAside(name, refusal);
            return null;
        }

        ReadThrough(file);
        Span<byte> page = buffer.AsSpan(0, SegmentHeader.PageLength);
        page = page[..file.ReadAt(page, 0)];
        if (!SegmentHeader.TryRead(page, file.Length, out SegmentHeader header))
        {
            headless.Add(name);
            return null;
        }

        if (header.Sequence != sequence)
        {
            // A file that was about to be used again, whose cleared header a power cut took back: all of it was
            // archived.
            directory.Unlink(name);
            return null;
        }

        return new SegmentSurvey(SegmentFile.Adopt(directory, sequence, file, header.SegmentBytes), header);
    }

    private SegmentSurvey? TakeHeadless(string name, PosixFile file, IEnumerable<(ulong, ulong)> owners)
    {
        long sequence = SegmentFile.SequenceOf(name)!.Value;
        SegmentHeader header = default;
        var finding = SegmentMending.Finding.Nothing;
        bool isBlank = true;
        if (file.Length > 0)
        {
            using PosixMapping mapping = file.Map(0, file.Length, writable: false);
            ReadOnlySpan<byte> bytes = mapping.Span(0, (int)mapping.Length);
            isBlank = bytes[..Math.Min(bytes.Length, SegmentHeader.PageLength)].IndexOfAnyExcept((byte)0) < 0;
            finding = SegmentMending.TryMend(bytes, sequence, owners, out header);
        }

        if (finding == SegmentMending.Finding.Mended)
        {
            return new SegmentSurvey(SegmentFile.Adopt(directory, sequence, file, file.Length), header);
        }

        if (isBlank && finding == SegmentMending.Finding.Nothing)
        {
            directory.Unlink(name); // made or cleared for use, and not used yet
        }
        else
        {
            SetAside(name, "its header is not one");
        }

        return null;
    }

    private static string? Refusal(PosixFile file)
    {
        PosixFileInfo info = file.Info;
        return !info.IsRegularFile ? "it is no regular file"
            : info.Length > JournalOptions.SegmentBytesMax
                ? $"it has {info.Length} bytes, more than any segment ({JournalOptions.SegmentBytesMax})"
                : null;
    }

    private long ReadThrough(PosixFile file)
    {
        long at = 0;
        for (int got = 1; got > 0; at += got)
        {
            got = file.ReadAt(buffer, at);
        }

        return at;
    }

    private void SetAside(string name, string reason)
    {
        string what = $"it is no readable segment: {reason}";
        try
        {
            SegmentFile.SetAside(directory, name);
        }
        catch (PosixException exception)
        {
            what += $"; it could not be set aside: {exception.Message}";
        }

        damages.Add(new JournalDamage(Path.Combine(directory.Path, name), what, 0, ulong.MaxValue));
    }

    private JournalDamage StateAgain(string name)
    {
        (ulong start, ulong end) = (0, ulong.MaxValue);
        string? reason = null;
        try
        {
            using PosixFile file = directory.OpenFile(name, PosixOpen.Read | PosixOpen.NonBlocking);
            if (Refusal(file) is null && ReadThrough(file) >= SegmentHeader.PageLength)
            {
                using PosixMapping mapping = file.Map(0, file.Length, writable: false);
                ReadOnlySpan<byte> bytes = mapping.Span(0, (int)mapping.Length);
                if (SegmentHeader.TryRead(bytes, bytes.Length, out SegmentHeader header))
                {
                    (start, end) = TickRange.Of(bytes, header);
                }
            }
        }
        catch (IOException exception)
        {
            reason = $" ({exception.Message})";
        }

        return new JournalDamage(
            Path.Combine(directory.Path, name),
            $"it was set aside by an earlier run{reason}; remove it when nothing is to be found in it any more",
            start, end);
    }
}
