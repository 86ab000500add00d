using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>
/// A StoryFile that the catalog knows by its name. It is opened when somebody asks; one that turns out damaged stays in
/// the listing as a gap. One that was set aside as damaged, and is not rebuilt, is here too: what can be read of it is
/// read, the rest is a gap. Thread-safe.
/// </summary>
public sealed class CatalogFile
{
    private readonly string directory;
    private readonly string fileName;
    private readonly Action<CatalogFile, string> reported;
    private volatile Tuple<CatalogFacts>? facts;
    private volatile string? damage;
    private volatile string? lastFailure;

    internal CatalogFile(string directory, StoryFileName name, Action<CatalogFile, string> reported)
    {
        this.directory = directory;
        this.reported = reported;
        Name = name;
        fileName = name.ToString();
    }

    internal CatalogFile(string directory, SetAsideName aside, Action<CatalogFile, string> reported)
        : this(directory, aside.Name, reported)
    {
        Aside = aside;
        fileName = aside.ToString();
    }

    public StoryFileName Name { get; }

    /// <summary>Not null for a file that was set aside as damaged.</summary>
    public SetAsideName? Aside { get; }

    public string Path => System.IO.Path.Combine(directory, fileName);

    /// <summary>Within its directory.</summary>
    internal string FileName => fileName;

    /// <summary>Why the file cannot be used; null while nothing is known against it.</summary>
    public string? Damage => damage;

    /// <summary>The header's facts; null when the file is damaged.</summary>
    public CatalogFacts? TryFacts()
    {
        if (facts is null && damage is null)
        {
            TryRead(() => Keep(StoryFile.ReadHeader(Path, Aside is not null)));
        }

        return facts?.Item1;
    }

    /// <summary>Opens the file; null when it is damaged, and then <see cref="Damage"/> says why.</summary>
    public StoryFile? TryOpen()
    {
        StoryFile? file = null;
        if (damage is null)
        {
            TryRead(() =>
            {
                StoryFile opened = Aside is null ? StoryFile.Open(Path) : StoryFile.OpenDamaged(Path);
                if (Keep(opened.Header))
                {
                    file = opened;
                }
                else
                {
                    opened.Dispose();
                }
            });
        }

        return file;
    }

    /// <summary>The part of a range that is missing because of this file.</summary>
    public Gap GapWithin(ulong startTime, ulong endTime) => new()
    {
        StartTime = Math.Max(startTime, Name.StartTime),
        EndTime = Math.Max(Math.Max(startTime, Name.StartTime), Math.Min(endTime, Name.EndTime)),
        Reason = damage ?? lastFailure ?? $"StoryFile '{Path}' could not be read",
    };

    /// <summary>A reader met damage within the file; the rest of it can be read.</summary>
    public void MeetDamage(string reason)
    {
        if (Aside is null)
        {
            reported(this, reason);
        }
    }

    /// <summary>The file cannot be used any more.</summary>
    public void GiveUp(string reason)
    {
        if (damage is null)
        {
            damage = reason;
            reported(this, reason);
        }
    }

    private bool Keep(StoryFileHeader header)
    {
        if (Aside is null && ArchivePlace.Misplaced(Path, header) is { } misplaced)
        {
            GiveUp(misplaced);
            return false;
        }

        facts = Tuple.Create(new CatalogFacts(
            header.EventCount, header.RecordBytes, header.FirstEventTime, header.LastEventTime,
            header.Complete, header.Supplementary, header.LateEvents));
        return true;
    }

    private void TryRead(Action read)
    {
        try
        {
            read();
        }
        catch (ChronoLogException exception)
        {
            GiveUp(exception.Message);
        }
        catch (PosixException exception)
        {
            Judge(exception);
        }
        catch (Exception exception) when (exception is EndOfStreamException or ArgumentException)
        {
            GiveUp(exception.Message);
        }
    }

    // Too many open files, say, pass: the next reader tries again.
    private void Judge(PosixException exception)
    {
        lastFailure = exception.Message;
        if (exception.Errno is PosixError.NotFound or PosixError.TooManyLinks or PosixError.InputOutput
            or PosixError.AccessDenied)
        {
            GiveUp(exception.Message);
        }
    }
}
