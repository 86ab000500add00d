using System.Globalization;

namespace ChronoLog.Core.Launch;

/// <summary>
/// Reads a process's rank from the environment that its launcher gave it: no MPI is linked or asked. Variables are
/// anybody's to set, so what is no sensible number counts as not set.
/// </summary>
public static class LaunchEnvironment
{
    // More than any machine has; what is larger is no count of processes.
    private const uint SizeMax = 1 << 24;
    private const int JobLengthMax = 128;

    // The innermost launcher first: mpirun in a Slurm job sees the variables of both, and srun --mpi=pmix those of PMIx.
    private static readonly Source[] Sources =
    [
        new("openmpi", "OMPI_COMM_WORLD_RANK", ["OMPI_COMM_WORLD_SIZE"], ["OMPI_COMM_WORLD_LOCAL_RANK"]),
        new("pmi", "PMI_RANK", ["PMI_SIZE"], ["MPI_LOCALRANKID", "PMI_LOCAL_RANK", "SLURM_LOCALID"]),
        // Not SLURM_NTASKS: the job script itself has that, with SLURM_PROCID=0, and is no rank.
        new("slurm", "SLURM_PROCID", ["SLURM_STEP_NUM_TASKS"], ["SLURM_LOCALID"]),
    ];

    /// <summary>The process's rank; null: no launcher of a kind that is known started it.</summary>
    /// <param name="variable">Value of an environment variable, null when it is not set.</param>
    public static LaunchedRank? Read(Func<string, string?> variable)
    {
        foreach (Source source in Sources)
        {
            if (Number(variable, [source.Rank]) is { } rank && Number(variable, source.Size) is { } size && rank < size)
            {
                uint? local = Number(variable, source.Local);
                return new LaunchedRank(source.Name, rank, size, local < size ? local : null, Job(variable));
            }
        }

        return Number(variable, ["PMIX_RANK"]) is { } alone ? new LaunchedRank("pmix", alone, null, null, Job(variable)) : null;
    }

    private static uint? Number(Func<string, string?> variable, string[] names)
    {
        foreach (string name in names)
        {
            if (variable(name) is { } text
                && uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint value) && value <= SizeMax)
            {
                return value;
            }
        }

        return null;
    }

    // The scheduler's number is what people look for; the launcher's own only tells runs apart.
    private static string Job(Func<string, string?> variable)
    {
        if (Name(variable, "SLURM_JOB_ID") is { } slurm)
        {
            return Name(variable, "SLURM_STEP_ID") is { } step ? $"{slurm}.{step}" : slurm;
        }

        string[] others = ["PBS_JOBID", "LSB_JOBID", "FLUX_JOB_ID", "PMI_JOBID", "PMIX_NAMESPACE"];
        return others.Select(name => Name(variable, name)).FirstOrDefault(name => name is not null) ?? "";
    }

    private static string? Name(Func<string, string?> variable, string name) =>
        variable(name) is { Length: > 0 and <= JobLengthMax } text && text.All(each => each is > ' ' and < (char)127) ? text : null;

    private sealed record Source(string Name, string Rank, string[] Size, string[] Local);
}
