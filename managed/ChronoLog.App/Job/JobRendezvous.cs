using System.Diagnostics;
using System.Globalization;
using System.Net;
using ChronoLog.App.Deployment;
using ChronoLog.Core.Protocol;

namespace ChronoLog.App.Job;

/// <summary>How the ranks of a job find each other, through the directory that they share.</summary>
internal sealed class JobRendezvous
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan BeatPeriod = TimeSpan.FromSeconds(1);

    // Rank 0 has decided by then whether it can begin. Not every launcher ends the others when it could not.
    private static readonly TimeSpan RefusalTime = TimeSpan.FromSeconds(6);

    // Of ranks that are named in a message.
    private const int NamedMax = 8;

    private readonly JobOptions options;
    private readonly RankEntry own;
    private readonly JobPatience patience;
    private readonly string directory;
    private readonly uint size;

    public JobRendezvous(JobOptions options, RankEntry own)
    {
        (this.options, this.own) = (options, own);
        directory = options.Deployment.Directory;
        size = options.Rank.Size ?? 1;

        // One of a node is enough to tell what is seen there.
        bool isTelling = own.Rank == 0 || options.Rank.LocalRank is null or 0;
        patience = new JobPatience(options.RankDeadline, isTelling ? Tell : null);
    }

    /// <summary>Joins the run that rank 0 begins, or begins it.</summary>
    /// <exception cref="ChronoLogException">
    /// TimedOut: not all ranks have come; InvalidArgument: no address fits, or a job runs in the directory.
    /// </exception>
    public Task<(JobDirectory Run, JobPlan Plan)> MeetAsync(CancellationToken cancellation) =>
        own.Rank == 0 ? LeadAsync(cancellation) : JoinAsync(cancellation);

    // --- rank 0 ---

    private async Task<(JobDirectory Run, JobPlan Plan)> LeadAsync(CancellationToken cancellation)
    {
        JobDirectory run = await JobDirectory.BeginAsync(directory, own, cancellation);
        try
        {
            IReadOnlyList<RankEntry> ranks = await GatherAsync(run, cancellation);
            JobPlan plan = Make(ranks);
            run.WriteControl(JobDirectory.Plan, plan.Format());
            return (run, plan);
        }
        catch (Exception exception) when (exception is ChronoLogException or OperationCanceledException or IOException)
        {
            string reason = exception is OperationCanceledException ? "rank 0 was told to end" : exception.Message;
            run.RequestStop(new JobStop(ExitCode.Failed, reason));
            run.WriteOutcome(new JobOutcome(ExitCode.Done, [])); // nothing was started, nothing is left
            throw;
        }
    }

    private JobPlan Make(IReadOnlyList<RankEntry> ranks)
    {
        string[] others = [.. ranks.DistinctBy(rank => rank.Host).Where(rank => rank.Host != ranks[0].Host).Select(rank => rank.Networks)];
        IPAddress address = options.Address is not null ? NodeAddress.Find(options.Address)
            : others.Length == 0 ? IPAddress.Loopback
            : NodeAddress.FindShared([.. others.Select(NodeNetwork.ParseAll)]);
        int portal = options.Deployment.PortBase ?? FreePorts.Find(address);
        return new JobPlan(address.ToString(), Tcp(portal), Tcp(portal + 1), ranks);

        string Tcp(int port) => "tcp://" + new IPEndPoint(address, port);
    }

    private async Task<IReadOnlyList<RankEntry>> GatherAsync(JobDirectory run, CancellationToken cancellation)
    {
        var ranks = new RankEntry?[size];
        int known = 0;
        long beats = 0, beaten = 0;
        using var timer = new PeriodicTimer(Period);
        while (true)
        {
            foreach (string name in JobDirectory.Names(run.RankFolder))
            {
                if (uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out uint rank) && rank < size
                    && ranks[rank] is null && RankEntry.Parse(JobDirectory.ReadListed(run.RankFolder, name) ?? "") is { } entry
                    && entry.Rank == rank)
                {
                    ranks[rank] = entry;
                    known++;
                    patience.Renew();
                }
            }

            if (known == size)
            {
                return ranks!;
            }

            ThrowIfStopped(run);
            if (beats == 0 || Stopwatch.GetElapsedTime(beaten) > BeatPeriod)
            {
                beaten = Stopwatch.GetTimestamp();
                NodeWatch.Write(run, 0, ++beats, NodeWatch.Meeting);
            }

            patience.Check(() => DescribeMissing(run, ranks));
            await timer.WaitForNextTickAsync(cancellation);
        }
    }

    private string DescribeMissing(JobDirectory run, RankEntry?[] ranks)
    {
        RankEntry[] here = [.. ranks.OfType<RankEntry>()];
        string[] hosts = [.. here.Select(rank => rank.Process.Host).Distinct()];
        uint[] missing = [.. Enumerable.Range(0, ranks.Length).Where(rank => ranks[rank] is null).Select(rank => (uint)rank)];
        return $"{missing.Length} of {size} ranks have not come: {Name(missing)}. Rank 0 on {own.Process.Host} looks for "
            + $"{Path.Combine(run.RankFolder, $"{missing[0]}")} and has seen {Name([.. here.Select(rank => rank.Rank)])}, "
            + (hosts.Length == 1 ? $"all of {hosts[0]}. " : $"of {hosts.Length} nodes. ") + Advice();
    }

    // --- the others ---

    private async Task<(JobDirectory Run, JobPlan Plan)> JoinAsync(CancellationToken cancellation)
    {
        JobDirectory.Prepare(directory);
        JobDirectory? run = null;
        bool isOthers = false; // over, or under way, when it was first seen: another job's
        int come = 0;
        using var timer = new PeriodicTimer(Period);
        while (true)
        {
            if (JobDirectory.Current(directory) is { } current && current.Run != run?.Run)
            {
                isOthers = current.Has(JobDirectory.Stop) || current.Has(JobDirectory.Plan) || !TryRegister(current);
                run = current;
                patience.Renew();
            }

            if (run is not null && !isOthers)
            {
                if (JobPlan.Parse(run.ReadControl(JobDirectory.Plan) ?? "") is { } plan && plan.Includes(own))
                {
                    return (run, plan);
                }

                ThrowIfStopped(run);
                if (JobDirectory.Names(run.RankFolder).Count is var count && count > come)
                {
                    come = count;
                    patience.Renew();
                }
            }

            if (isOthers && patience.Waited > RefusalTime)
            {
                await run!.ThrowIfGoesOnAsync(cancellation);
            }

            patience.Check(() => DescribeAbsence(run, isOthers));
            await timer.WaitForNextTickAsync(cancellation);
        }
    }

    private string DescribeAbsence(JobDirectory? run, bool isOthers)
    {
        string me = $"Rank {own.Rank} on {own.Process.Host}";
        string file = JobDirectory.CurrentFile(directory);
        return run is null ? $"rank 0 has not begun. {me} looks for {file}. {Advice()}"
            : isOthers ? $"rank 0 has not begun. {me} finds in {file} only the run of another job. {Advice()}"
            : $"{JobDirectory.Names(run.RankFolder).Count} of {size} ranks have come. {me} looks for "
                + $"{Path.Combine(run.ControlFolder, JobDirectory.Plan)}, which rank 0 ({run.DescribeRoot()}) writes when all "
                + $"have. {Advice()}";
    }

    // False: the run's folder is being removed, since another one begins.
    private bool TryRegister(JobDirectory run)
    {
        try
        {
            run.WriteRank(own);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    // --- all ---

    private static void ThrowIfStopped(JobDirectory run)
    {
        if (run.ReadStop() is { } stop)
        {
            throw new ChronoLogException(Status.Cancelled, $"the job has ended before all ranks had come: {stop.Reason}");
        }
    }

    private string Advice() => $"Every rank has to run chronolog up --mpi, with a --dir that all nodes share: on "
        + $"{own.Process.Host} {directory} is on {FileSystem()}";

    private string FileSystem()
    {
        try
        {
            return new DriveInfo(directory).DriveFormat;
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return "a file system of unknown kind";
        }
    }

    private static string Name(IReadOnlyList<uint> ranks) => (ranks.Count == 1 ? "rank " : "ranks ")
        + string.Join(", ", ranks.Take(NamedMax)) + (ranks.Count > NamedMax ? ", ..." : "");

    private void Tell(string line) => Console.Error.WriteLine($"chronolog: rank {own.Rank}: {line}");
}
