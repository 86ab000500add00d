namespace ChronoLog.Store.Archive;

/// <summary>The columns of a StoryFile, in the order of its column table.</summary>
public enum StoryColumn
{
    /// <summary>u64 [N], ascending.</summary>
    EventTime = 0,

    /// <summary>u64 [N].</summary>
    ClientId = 1,

    /// <summary>u32 [N].</summary>
    EventIndex = 2,

    /// <summary>u64 [N+1]: record i is the bytes from offset i up to offset i+1 of the record column.</summary>
    RecordOffset = 3,

    /// <summary>u8 [bytes].</summary>
    Record = 4,

    /// <summary>u32: checksums of the blocks of the columns above, column after column.</summary>
    BlockCrc32c = 5,

    /// <summary>u64 [K, 3]: process id, epoch and sequence of each partial chunk merged.</summary>
    Partials = 6,

    /// <summary>u64 [N]: when each event arrived at its Keeper, ChronoTick; 0 = not known. Only in some files.</summary>
    ArrivalTime = 7,

    /// <summary>u64 [blocks, 2]: where each stored block lies, and its bytes. Only in compressed files.</summary>
    BlockPlace = 8,
}
