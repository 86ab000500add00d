using System.Globalization;
using System.Text;

namespace ChronoLog.App.Job;

/// <summary>Which ranks are on which node, and where the Visor is.</summary>
/// <param name="Address">Of rank 0's node: how the others find theirs.</param>
/// <param name="Endpoint">The Visor's client portal.</param>
/// <param name="RegistryEndpoint">Where servers register.</param>
/// <param name="Ranks">Every rank of the job, in order: its number is its place.</param>
internal sealed record JobPlan(string Address, string Endpoint, string RegistryEndpoint, IReadOnlyList<RankEntry> Ranks)
{
    private readonly string[] hosts = [.. Ranks.Select(rank => rank.Host).Distinct()];

    /// <summary>Nodes are counted in the order of their lowest ranks: rank 0's is node 0.</summary>
    public int Nodes => hosts.Length;

    public int NodeOf(uint rank) => Array.IndexOf(hosts, Ranks[(int)rank].Host);

    public IReadOnlyList<RankEntry> RanksOf(int node) => [.. Ranks.Where(rank => rank.Host == hosts[node])];

    /// <summary>The lowest rank of a node: it runs the node's servers.</summary>
    public RankEntry LeaderOf(int node) => Ranks.First(rank => rank.Host == hosts[node]);

    /// <summary>Whether it was made for this process, and not for one of an earlier run.</summary>
    public bool Includes(RankEntry own) => own.Rank < Ranks.Count && Ranks[(int)own.Rank].Token == own.Token;

    public string Format()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Address} {Endpoint} {RegistryEndpoint} {Ranks.Count}\n");
        foreach (RankEntry rank in Ranks)
        {
            text.Append(rank.Format()).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Null for what is none, or not whole.</summary>
    public static JobPlan? Parse(string text)
    {
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length < 2 || lines[0].Split(' ') is not [var address, var endpoint, var registry, var count]
            || count != (lines.Length - 1).ToString(CultureInfo.InvariantCulture))
        {
            return null;
        }

        var ranks = new List<RankEntry>(lines.Length - 1);
        foreach (string line in lines.Skip(1))
        {
            if (RankEntry.Parse(line) is not { } rank || rank.Rank != ranks.Count)
            {
                return null;
            }

            ranks.Add(rank);
        }

        return new JobPlan(address, endpoint, registry, ranks);
    }
}
