using ChronoLog.Core.Protocol;
using Microsoft.Data.Sqlite;

namespace ChronoLog.Store.Metadata;

/// <summary>From SQLite's result codes to a status.</summary>
internal static class MetadataFailure
{
    private const int Busy = 5;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int NotADatabase = 26;

    public static ChronoLogException Wrap(string path, SqliteException exception)
    {
        (Status status, string advice) = exception.SqliteErrorCode switch
        {
            Corrupt or NotADatabase => (Status.Corrupt, "restore it from a copy"),
            Full => (Status.NoSpace, "free space"),
            Busy => (Status.Acquired, "stop the other program that uses it"),
            _ => (Status.Internal, "see that the file and its directory can be written"),
        };
        return new ChronoLogException(
            status,
            $"metadata database '{path}': {exception.Message} (SQLite {exception.SqliteErrorCode}); {advice}",
            exception);
    }
}
