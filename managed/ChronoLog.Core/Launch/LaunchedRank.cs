using System.Globalization;

namespace ChronoLog.Core.Launch;

/// <summary>What a parallel launcher (mpirun, srun) made of this process.</summary>
/// <param name="Launcher">Whose variables told it: "openmpi", "pmi" (MPICH, Intel MPI and others), "slurm", "pmix".</param>
/// <param name="Rank">From 0, within the job step.</param>
/// <param name="Size">Processes of the job step; null: the launcher does not say.</param>
/// <param name="LocalRank">From 0, within the node; null: the launcher does not say.</param>
/// <param name="Job">The scheduler's name for the job and its step ("4711.0"), or the launcher's; "" = none.</param>
public sealed record LaunchedRank(string Launcher, uint Rank, uint? Size, uint? LocalRank, string Job)
{
    /// <summary>The attributes under which a client tells its rank to the Visor.</summary>
    public IEnumerable<KeyValuePair<string, string>> Attributes()
    {
        yield return new("rank", Text(Rank));
        if (Size is { } size)
        {
            yield return new("size", Text(size));
        }

        if (LocalRank is { } local)
        {
            yield return new("local_rank", Text(local));
        }

        if (Job.Length > 0)
        {
            yield return new("job", Job);
        }

        yield return new("launcher", Launcher);
    }

    private static string Text(uint value) => value.ToString(CultureInfo.InvariantCulture);
}
