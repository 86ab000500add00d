namespace ChronoLog.Client;

/// <summary>In which order a playback shows what is recorded while it runs.</summary>
public enum PlaybackMode
{
    /// <summary>
    /// In total order: an event is shown when every Keeper has read its rings through its tick, some 40 ms after it was
    /// recorded. Stands still while a Keeper that may hold events is away.
    /// </summary>
    Ordered,

    /// <summary>As events become visible, a millisecond after they were recorded; pages say whether they are in order.</summary>
    Immediate,
}
