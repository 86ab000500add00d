using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>Turns a failed write into a status that a role can decide by.</summary>
internal static class ArchiveFailure
{
    public static ChronoLogException Wrap(string extractor, string root, RetiredChunk chunk, IOException exception)
    {
        bool full = exception is PosixException { IsNoSpace: true };
        string advice = full ? "free space, the chunk is kept until then" : "the chunk is kept and tried again";
        return new ChronoLogException(
            full ? Status.NoSpace : Status.Internal,
            $"extractor \"{extractor}\" could not archive chunk "
            + $"[{chunk.Chunk.StartTime}, {chunk.Chunk.EndTime}) of story {chunk.Story.Chronicle}/"
            + $"{chunk.Story.Story} in '{root}': {exception.Message}; {advice}",
            exception);
    }
}
