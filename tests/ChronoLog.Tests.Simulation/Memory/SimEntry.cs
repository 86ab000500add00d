using ChronoLog.Tests.Simulation.Checking;

namespace ChronoLog.Tests.Simulation.Memory;

/// <summary>An event on its way into rings: its identity is taken with the first copy, and never again.</summary>
internal sealed class SimEntry(string story, byte[] record)
{
    public string Story => story;

    public byte[] Record => record;

    /// <summary>The application's own tick.</summary>
    public ulong? Given { get; init; }

    /// <summary>Set once tick and index are taken.</summary>
    public RecordedEvent? Recorded { get; set; }

    /// <summary>Rings that have it.</summary>
    public List<MappedRing> Copies { get; } = [];
}
