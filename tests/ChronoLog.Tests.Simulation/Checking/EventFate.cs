namespace ChronoLog.Tests.Simulation.Checking;

/// <summary>How far the recording of an event got.</summary>
internal enum EventFate
{
    /// <summary>Room was reserved in a ring, and the event is not committed: it must not be seen.</summary>
    Reserved,

    /// <summary>Committed: it may be seen, and from the return of its log_event on it must.</summary>
    Committed,
}
