using System.Globalization;
using ChronoLog.App.Deployment;
using ChronoLog.Transport.Timing;

namespace ChronoLog.App.Job;

/// <summary>What a rank tells the others of itself.</summary>
/// <param name="Rank">From 0.</param>
/// <param name="Token">Unique for the process: a plan that repeats it was made for this run.</param>
/// <param name="Host">Ranks with the same one can share memory.</param>
/// <param name="Process">On the host.</param>
/// <param name="Networks">The host's addresses, as <see cref="NodeNetwork"/> writes them: rank 0 chooses one that all reach.</param>
internal sealed record RankEntry(uint Rank, string Token, string Host, RunningProcess Process, string Networks)
{
    private const int Fields = 7;

    /// <summary>This process.</summary>
    public static RankEntry Own(uint rank) => new(
        rank, Guid.NewGuid().ToString("N"), HostIdentity.Current.Replace(' ', '_'),
        DeploymentState.Describe($"rank-{rank}", Environment.ProcessId), NodeNetwork.FormatAll(NodeAddress.Own()));

    public string Format() =>
        string.Create(CultureInfo.InvariantCulture, $"{Rank} {Token} {Host} {Networks} {Process.Pid} {Process.Started} {Process.Space}");

    /// <summary>Null for what is none.</summary>
    public static RankEntry? Parse(string text)
    {
        string[] fields = text.TrimEnd('\n').Split(' ');
        return fields.Length == Fields
            && uint.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out uint rank)
            && fields[1].Length > 0 && fields[2].Length > 0
            && fields[3].Length > 0 && int.TryParse(fields[4], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            && fields[5].Length > 0 && fields[6].Length > 0
                ? new RankEntry(rank, fields[1], fields[2], new RunningProcess($"rank-{rank}", pid, fields[5], fields[6]), fields[3])
                : null;
    }
}
