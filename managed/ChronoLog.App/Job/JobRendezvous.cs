using System.Diagnostics;
using System.Globalization;
using System.Net;
using ChronoLog.App.Deployment;
using ChronoLog.Core.Protocol;

namespace ChronoLog.App.Job;

/// <summary>How the ranks of a job find each other, through the directory that they share.</summary>
internal static class JobRendezvous
{
    // Launchers start thousands of processes one by one.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    /// <summary>Joins the run that rank 0 begins, or begins it.</summary>
    /// <exception cref="ChronoLogException">TimedOut: not all ranks have come; InvalidArgument: no address fits.</exception>
    public static Task<(JobDirectory Run, JobPlan Plan)> MeetAsync(JobOptions options, RankEntry own, CancellationToken cancellation) =>
        own.Rank == 0 ? LeadAsync(options, own, cancellation) : JoinAsync(options, own, cancellation);

    private static async Task<(JobDirectory Run, JobPlan Plan)> LeadAsync(JobOptions options, RankEntry own, CancellationToken cancellation)
    {
        JobDirectory run = JobDirectory.Begin(options.Deployment.Directory);
        try
        {
            JobDirectory.Write(run.RankFolder, "0", own.Format());
            IReadOnlyList<RankEntry> ranks = await GatherAsync(run, options.Rank.Size ?? 1, cancellation);
            JobPlan plan = Make(options, ranks);
            run.WriteControl(JobDirectory.Plan, plan.Format());
            return (run, plan);
        }
        catch (Exception exception) when (exception is ChronoLogException or OperationCanceledException)
        {
            run.RequestStop(new JobStop(ExitCode.Failed, exception.Message));
            run.WriteControl(JobDirectory.Stopped, "1");
            throw;
        }
    }

    private static JobPlan Make(JobOptions options, IReadOnlyList<RankEntry> ranks)
    {
        string[] others = [.. ranks.DistinctBy(rank => rank.Host).Where(rank => rank.Host != ranks[0].Host).Select(rank => rank.Networks)];
        IPAddress address = options.Address is not null ? NodeAddress.Find(options.Address)
            : others.Length == 0 ? IPAddress.Loopback
            : NodeAddress.FindShared([.. others.Select(NodeNetwork.ParseAll)]);
        int portal = options.Deployment.PortBase ?? FreePorts.Find(address);
        return new JobPlan(address.ToString(), Tcp(portal), Tcp(portal + 1), ranks);

        string Tcp(int port) => "tcp://" + new IPEndPoint(address, port);
    }

    private static async Task<IReadOnlyList<RankEntry>> GatherAsync(JobDirectory run, uint size, CancellationToken cancellation)
    {
        var ranks = new RankEntry?[size];
        int known = 0;
        long begin = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Period);
        while (true)
        {
            foreach (string name in JobDirectory.Names(run.RankFolder))
            {
                if (uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out uint rank) && rank < size
                    && ranks[rank] is null && RankEntry.Parse(JobDirectory.Read(run.RankFolder, name) ?? "") is { } entry
                    && entry.Rank == rank)
                {
                    ranks[rank] = entry;
                    known++;
                }
            }

            if (known == size)
            {
                return ranks!;
            }

            if (Stopwatch.GetElapsedTime(begin) > Deadline)
            {
                throw new ChronoLogException(
                    Status.TimedOut,
                    $"{size - known} of {size} ranks did not come, rank {Array.IndexOf(ranks, null)} among them: every rank has to run "
                    + $"chronolog up --mpi, with a --dir that all nodes share ({run.RankFolder})");
            }

            await timer.WaitForNextTickAsync(cancellation);
        }
    }

    private static async Task<(JobDirectory Run, JobPlan Plan)> JoinAsync(JobOptions options, RankEntry own, CancellationToken cancellation)
    {
        string directory = options.Deployment.Directory;
        JobDirectory.Prepare(directory);
        string name = own.Rank.ToString(CultureInfo.InvariantCulture);
        JobDirectory? run = null;
        bool isOver = false; // when it was first seen: of an earlier job
        long begin = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Period);
        while (Stopwatch.GetElapsedTime(begin) < Deadline)
        {
            if (JobDirectory.Current(directory) is { } current && current.Run != run?.Run)
            {
                isOver = current.Has(JobDirectory.Stop) || !TryRegister(current, name, own);
                run = current;
            }

            if (run is not null && !isOver)
            {
                if (JobPlan.Parse(run.ReadControl(JobDirectory.Plan) ?? "") is { } plan && plan.Includes(own))
                {
                    return (run, plan);
                }

                if (run.ReadStop() is { } stop)
                {
                    throw new ChronoLogException(Status.Cancelled, $"the job has ended before all ranks had come: {stop.Reason}");
                }
            }

            await timer.WaitForNextTickAsync(cancellation);
        }

        throw new ChronoLogException(
            Status.TimedOut, $"rank 0 has not begun a run in {directory}: is it on a file system that all nodes share?");
    }

    // False: the run's folder is being removed, since another one begins.
    private static bool TryRegister(JobDirectory run, string name, RankEntry own)
    {
        try
        {
            JobDirectory.Write(run.RankFolder, name, own.Format());
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
