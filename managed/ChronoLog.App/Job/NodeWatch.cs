using System.Diagnostics;
using System.Globalization;
using ChronoLog.App.Deployment;

namespace ChronoLog.App.Job;

/// <summary>
/// What a node's lowest rank tells the other nodes (its state, and that it is there), and what it knows of them and of the ranks
/// of its own.
/// </summary>
internal sealed class NodeWatch : IAsyncDisposable
{
    public const string Meeting = "meeting"; // node 0, before there is a plan
    public const string Starting = "starting";
    public const string Serving = "serving";
    public const string Finished = "finished";
    public const string Stopping = "stopping";
    public const string Stopped = "stopped";

    private static readonly TimeSpan BeatPeriod = TimeSpan.FromSeconds(1);

    // A node whose number stands still for so long is gone. A shared file system may keep news back for half a minute.
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(60);

    private readonly JobDirectory run;
    private readonly int node;
    private readonly IReadOnlyList<RankEntry> ranks;
    private readonly CancellationTokenSource ending = new();
    private readonly Lock writing = new();
    private readonly Dictionary<int, (string Text, long Since)> others = [];
    private readonly HashSet<uint> ended = [];
    private readonly Task beating;
    private string state = Starting;
    private long beats;

    public NodeWatch(JobDirectory run, JobPlan plan, int node)
    {
        this.run = run;
        this.node = node;
        ranks = plan.RanksOf(node);
        Directory.CreateDirectory(run.DoneFolder(node));
        beating = BeatAsync();
    }

    /// <summary>Ranks of the node whose process is gone before it said how its application ended.</summary>
    public List<uint> Lost { get; } = [];

    /// <summary>Tells the others at once.</summary>
    public void Enter(string next)
    {
        lock (writing)
        {
            if (state != next)
            {
                state = next;
                Write();
            }
        }
    }

    /// <summary>Whether the application has ended in every rank of the node.</summary>
    public bool HaveRanksEnded()
    {
        IReadOnlyCollection<string> done = JobDirectory.Names(run.DoneFolder(node));
        foreach (RankEntry rank in ranks.Where(rank => !ended.Contains(rank.Rank)))
        {
            if (done.Contains(rank.Rank.ToString(CultureInfo.InvariantCulture)))
            {
                ended.Add(rank.Rank);
            }
            else if (!DeploymentState.IsRunning(rank.Process))
            {
                ended.Add(rank.Rank);
                Lost.Add(rank.Rank);
            }
        }

        return ended.Count == ranks.Count;
    }

    /// <summary>Whether another node is in one of the states.</summary>
    public bool IsIn(int other, params string[] states) => states.Contains(Look(other).Text.Split(' ')[^1]);

    /// <summary>Whether nothing has changed of another node for so long that nothing will.</summary>
    public bool IsSilent(int other) => Stopwatch.GetElapsedTime(Look(other).Since) > SilenceMax;

    /// <summary>Says that a node is there, and in which state.</summary>
    public static void Write(JobDirectory run, int node, long beats, string state)
    {
        try
        {
            string text = string.Create(CultureInfo.InvariantCulture, $"{beats} {state}");
            JobDirectory.Write(run.NodeFolder, node.ToString(CultureInfo.InvariantCulture), text);
        }
        catch (IOException)
        {
            // A full or absent file system for a moment: the next beat is a second away, and the others wait for sixty.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await beating;
        ending.Dispose();
    }

    private (string Text, long Since) Look(int other)
    {
        string text = JobDirectory.Read(run.NodeFolder, other.ToString(CultureInfo.InvariantCulture))?.TrimEnd() ?? "";
        if (!others.TryGetValue(other, out (string Text, long Since) known) || (text.Length > 0 && text != known.Text))
        {
            others[other] = known = (text, Stopwatch.GetTimestamp());
        }

        return known;
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(BeatPeriod);
        try
        {
            do
            {
                lock (writing)
                {
                    beats++;
                    Write();
                }
            }
            while (await timer.WaitForNextTickAsync(ending.Token));
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void Write() => Write(run, node, beats, state);
}
