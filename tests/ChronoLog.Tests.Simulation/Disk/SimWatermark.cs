namespace ChronoLog.Tests.Simulation.Disk;

/// <summary>The file that says through which tick a story is archived: what readers find, and what outlives power.</summary>
public sealed class SimWatermark
{
    private ulong? synced;

    /// <summary>What a process finds under the name; null = nothing that can be read.</summary>
    public ulong? Visible { get; private set; }

    public void Rename(ulong through) => Visible = through;

    public void SyncDirectory() => synced = Visible;

    /// <summary>Its checksum is wrong from now on.</summary>
    public void Damage() => Visible = synced = null;

    /// <summary>Power is gone: a rename that was not synced is there or not.</summary>
    public void LosePower(Func<bool> survive) => Visible = synced = Visible != synced && survive() ? Visible : synced;
}
