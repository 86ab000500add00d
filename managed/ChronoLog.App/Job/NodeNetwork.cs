using System.Globalization;
using System.Net;

namespace ChronoLog.App.Job;

/// <summary>An address of a node, with the network that is directly behind it.</summary>
/// <param name="Interface">Its name; empty for another node's.</param>
/// <param name="Address">The node's own.</param>
/// <param name="PrefixLength">Bits of the network.</param>
internal sealed record NodeNetwork(string Interface, IPAddress Address, int PrefixLength)
{
    // More say nothing more about how nodes reach each other, and every rank writes them.
    private const int CountMax = 16;
    private const string None = "-";

    /// <summary>Whether another address is in this network.</summary>
    public bool Reaches(IPAddress other)
    {
        byte[] mine = Address.GetAddressBytes(), theirs = other.GetAddressBytes();
        return mine.Length == theirs.Length && PrefixLength <= mine.Length * 8
            && Enumerable.Range(0, PrefixLength).All(bit => ((mine[bit / 8] ^ theirs[bit / 8]) & (0x80 >> (bit % 8))) == 0);
    }

    /// <summary>"10.77.0.1/24,fd00::5/64": without loopback and addresses of a link; "-" when there are no others.</summary>
    public static string FormatAll(IEnumerable<NodeNetwork> all)
    {
        string[] texts =
        [
            .. all.Where(each => !IPAddress.IsLoopback(each.Address) && !each.Address.IsIPv6LinkLocal).Take(CountMax)
                .Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.Address}/{each.PrefixLength}")),
        ];
        return texts.Length == 0 ? None : string.Join(',', texts);
    }

    /// <summary>What cannot be read is left out: somebody else's files say nothing of how nodes reach each other.</summary>
    public static IReadOnlyList<NodeNetwork> ParseAll(string text)
    {
        var all = new List<NodeNetwork>();
        foreach (string each in text.Split(',').Take(CountMax))
        {
            string[] parts = each.Split('/');
            if (parts.Length == 2 && IPAddress.TryParse(parts[0], out IPAddress? address)
                && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int bits)
                && bits <= address.GetAddressBytes().Length * 8)
            {
                all.Add(new NodeNetwork("", address, bits));
            }
        }

        return all;
    }
}
