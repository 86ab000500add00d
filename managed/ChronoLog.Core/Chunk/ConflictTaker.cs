namespace ChronoLog.Core.Chunk;

/// <summary>Takes an event whose EventSequence another event of other bytes has; valid during the call only.</summary>
public delegate void ConflictTaker(in Model.EventEntry conflicting);
