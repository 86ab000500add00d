using ChronoLog.Core.Launch;

namespace ChronoLog.Tests.Unit.Launch;

/// <summary>Ranks as launchers tell them, and as nobody should.</summary>
public sealed class LaunchEnvironmentTests
{
    [Test]
    public void NoLauncherNoRank() => Assert.That(Read(), Is.Null);

    [Test]
    public void OpenMpi() => Assert.That(
        Read("OMPI_COMM_WORLD_RANK=3", "OMPI_COMM_WORLD_SIZE=4", "OMPI_COMM_WORLD_LOCAL_RANK=1", "PMIX_RANK=3", "PMIX_NAMESPACE=148"),
        Is.EqualTo(new LaunchedRank("openmpi", 3, 4, 1, "148")));

    [Test]
    public void Mpich() => Assert.That(
        Read("PMI_RANK=0", "PMI_SIZE=2", "MPI_LOCALRANKID=0", "PMI_FD=8"),
        Is.EqualTo(new LaunchedRank("pmi", 0, 2, 0, "")));

    [Test]
    public void Slurm() => Assert.That(
        Read("SLURM_PROCID=7", "SLURM_STEP_NUM_TASKS=8", "SLURM_NTASKS=16", "SLURM_LOCALID=3", "SLURM_JOB_ID=4711", "SLURM_STEP_ID=2"),
        Is.EqualTo(new LaunchedRank("slurm", 7, 8, 3, "4711.2")));

    [Test]
    public void MpirunInASlurmJobCountsMpirunsRanks() => Assert.That(
        Read("SLURM_PROCID=0", "SLURM_STEP_NUM_TASKS=1", "SLURM_JOB_ID=5", "OMPI_COMM_WORLD_RANK=2", "OMPI_COMM_WORLD_SIZE=3"),
        Is.EqualTo(new LaunchedRank("openmpi", 2, 3, null, "5")));

    [Test]
    public void TheScriptOfASlurmJobIsNoRank() =>
        Assert.That(Read("SLURM_PROCID=0", "SLURM_NTASKS=4", "SLURM_LOCALID=0", "SLURM_JOB_ID=5"), Is.Null);

    [Test]
    public void PmixAloneDoesNotTellTheSize() =>
        Assert.That(Read("PMIX_RANK=5"), Is.EqualTo(new LaunchedRank("pmix", 5, null, null, "")));

    [TestCase("-1", "4")]
    [TestCase("4", "4")]
    [TestCase("0", "0")]
    [TestCase("", "4")]
    [TestCase("one", "4")]
    [TestCase("1 ", "4")]
    [TestCase("+1", "4")]
    [TestCase("0x1", "4")]
    [TestCase("1", "99999999999999999999999")]
    [TestCase("1", "16777217")]
    [TestCase("1", "-4")]
    [TestCase("1", "4;rm")]
    [TestCase("4294967296", "4294967297")]
    public void NonsenseCountsAsNotSet(string rank, string size)
    {
        Assert.That(Read($"OMPI_COMM_WORLD_RANK={rank}", $"OMPI_COMM_WORLD_SIZE={size}"), Is.Null);
        Assert.That(
            Read($"OMPI_COMM_WORLD_RANK={rank}", $"OMPI_COMM_WORLD_SIZE={size}", "PMI_RANK=1", "PMI_SIZE=2"),
            Is.EqualTo(new LaunchedRank("pmi", 1, 2, null, "")), "the next launcher's variables are whole");
    }

    [TestCase("a b")]
    [TestCase("a\nb")]
    [TestCase("\u00e4")]
    [TestCase("\u001b[31m")]
    public void AJobIsAPlainWord(string job) =>
        Assert.That(Read("PMI_RANK=0", "PMI_SIZE=1", "SLURM_JOB_ID=" + job, "PBS_JOBID=9.host")!.Job, Is.EqualTo("9.host"));

    [Test]
    public void AJobIsShort() =>
        Assert.That(Read("PMI_RANK=0", "PMI_SIZE=1", "PBS_JOBID=" + new string('1', 129))!.Job, Is.Empty);

    [Test]
    public void ALocalRankThatCannotBeIsNone() =>
        Assert.That(Read("PMI_RANK=0", "PMI_SIZE=1", "MPI_LOCALRANKID=1")!.LocalRank, Is.Null);

    [Test]
    public void AttributesNameWhatIsKnown() => Assert.That(
        new LaunchedRank("pmix", 5, null, null, "").Attributes().Select(each => $"{each.Key}={each.Value}"),
        Is.EqualTo(new[] { "rank=5", "launcher=pmix" }));

    private static LaunchedRank? Read(params string[] variables)
    {
        var set = variables.Select(each => each.Split('=', 2)).ToDictionary(each => each[0], each => each[1]);
        return LaunchEnvironment.Read(set.GetValueOrDefault);
    }
}
