namespace ChronoLog.Store.Archive;

/// <summary>What became of a StoryFile that was set aside.</summary>
public enum RepairState
{
    /// <summary>It is a gap, or it cannot be told that it is none.</summary>
    Damaged,

    /// <summary>Each of its events is in a sound file; it is retired.</summary>
    Rebuilt,

    /// <summary>Its story was destroyed, or somebody removed it.</summary>
    Gone,
}
