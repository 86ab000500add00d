using ChronoLog.Tests.Simulation.Kernel;

namespace ChronoLog.Tests.Simulation.Memory;

/// <summary>The rings of one node, by path: what survives a process and not a power loss.</summary>
public sealed class SharedMemory
{
    private readonly SortedDictionary<string, RingMemory> rings = new(StringComparer.Ordinal);
    private readonly Dictionary<int, SimProcess> processes = [];

    public IEnumerable<RingMemory> Rings => rings.Values.Where(static ring => !ring.IsUnlinked);

    /// <summary>Nothing is reserved in any ring that its Keeper has not taken.</summary>
    public bool AreEmpty => Rings.All(static ring => ring.Frames.All(static frame => frame.IsPadding));

    public RingMemory? Find(string path) =>
        rings.TryGetValue(path, out RingMemory? ring) && !ring.IsUnlinked ? ring : null;

    public void Add(RingMemory ring) => rings[ring.Path] = ring;

    public void Run(int pid, SimProcess process) => processes[pid] = process;

    public SimProcess? ProcessOf(int pid) => processes.GetValueOrDefault(pid);

    /// <summary>Power is gone.</summary>
    public void Clear()
    {
        foreach (RingMemory ring in rings.Values)
        {
            ring.IsLost = true;
        }

        rings.Clear();
    }
}
