namespace ChronoLog.Keeper.Retirement;

/// <summary>Where a retired chunk is on its way to the Grapher.</summary>
public enum RetainedState
{
    /// <summary>The Visor has not named its story yet.</summary>
    Unnamed,

    /// <summary>Waiting for, or in, an extraction stream, or waiting for the next attempt.</summary>
    Announcing,

    /// <summary>The Grapher has it in its memory, and not yet in the archive.</summary>
    HandedOver,
}
