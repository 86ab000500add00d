namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>On the way of a StoryFile to the device.</summary>
public enum StoryFileState
{
    /// <summary>Under its temporary name, which no reader looks at.</summary>
    Temporary,

    /// <summary>Renamed; its directory's entry is not on the device.</summary>
    Renamed,

    /// <summary>What is here outlives a power loss.</summary>
    Synced,
}
