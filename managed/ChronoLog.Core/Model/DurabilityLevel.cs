namespace ChronoLog.Core.Model;

/// <summary>What a flush waits for; each level includes those before it.</summary>
public enum DurabilityLevel
{
    /// <summary>In the ring: survives the client's death.</summary>
    Accepted = 0,

    /// <summary>In the Keeper's journal: survives the Keeper process.</summary>
    Journaled = 1,

    /// <summary>Journal synced to the device: survives loss of power on the Keeper's node.</summary>
    Synced = 2,

    /// <summary>Synced on as many Keepers as the chronicle has replicas: survives loss of a Keeper's node.</summary>
    Replicated = 3,

    /// <summary>In a synced StoryFile: survives loss of every Keeper.</summary>
    Archived = 4,
}
