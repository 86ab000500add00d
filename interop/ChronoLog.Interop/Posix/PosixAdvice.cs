namespace ChronoLog.Interop.Posix;

/// <summary>Hints of posix_fadvise and madvise that share their values.</summary>
public enum PosixAdvice
{
    Normal = 0,
    Random = 1,
    Sequential = 2,
    WillNeed = 3,
    DontNeed = 4,

    /// <summary>
    /// madvise only, Linux 5.14: maps the pages for writing now, so that the first store does not fault.
    /// </summary>
    PopulateWrite = 23,
}
