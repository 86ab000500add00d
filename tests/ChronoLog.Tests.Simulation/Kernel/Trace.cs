using System.Globalization;

namespace ChronoLog.Tests.Simulation.Kernel;

/// <summary>
/// What happened: a hash over all of it, by which two runs are compared, and the last part of it in words, for people.
/// </summary>
public sealed class Trace(int linesKept)
{
    private readonly Dictionary<string, ulong> hashes = [];
    private readonly Queue<Entry> last = new();

    public ulong Hash { get; private set; }

    public long Count { get; private set; }

    /// <summary>Notes one decision, message or disk operation.</summary>
    /// <param name="now">Virtual nanoseconds.</param>
    /// <param name="what">A constant.</param>
    /// <param name="who">A process or an endpoint.</param>
    /// <param name="first">Whatever tells it from others.</param>
    /// <param name="second">The same.</param>
    public void Add(long now, string what, string who, ulong first = 0, ulong second = 0)
    {
        Count++;
        ulong hash = StableHash.Mix(StableHash.Mix(Hash, (ulong)now), HashOf(what));
        Hash = StableHash.Mix(StableHash.Mix(StableHash.Mix(hash, HashOf(who)), first), second);
        Keep(new Entry(now, what, who, first, second));
    }

    /// <summary>A line for people, outside the hash.</summary>
    public void Say(long now, string who, string text) => Keep(new Entry(now, text, who, 0, 0));

    /// <summary>The last lines, oldest first.</summary>
    public IEnumerable<string> Lines() => last.Select(entry => entry.ToString());

    private void Keep(in Entry entry)
    {
        if (last.Count >= linesKept)
        {
            last.Dequeue();
        }

        last.Enqueue(entry);
    }

    private ulong HashOf(string text)
    {
        if (!hashes.TryGetValue(text, out ulong hash))
        {
            hash = hashes[text] = StableHash.Of(text);
        }

        return hash;
    }

    private readonly record struct Entry(long Now, string What, string Who, ulong First, ulong Second)
    {
        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture, $"{Now / 1e9:F9}  {Who,-18} {What} {First:x} {Second:x}");
    }
}
