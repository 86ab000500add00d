using ChronoLog.App.Deployment;
using ChronoLog.App.Job;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Deployment;

/// <summary>What a job finds of earlier ones in its directory, and what it leaves for later ones.</summary>
internal sealed class JobDirectoryTests
{
    private static readonly RunningProcess Elsewhere = new("rank-0", Environment.ProcessId, "1", "node9/boot/pid:[1]");

    private string directory = "";

    private string Jobs => Path.Combine(directory, "job");

    [SetUp]
    public void MakeDirectory() => directory = Directory.CreateTempSubdirectory("chronolog-job-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(directory, recursive: true);

    [Test]
    public async Task OnlyWhatHasCertainlyEndedIsRemoved()
    {
        string ended = Leave('1', Elsewhere, "stopped");
        string killedHere = Leave('2', Here() with { Started = "1" });
        string killedElsewhere = Leave('3', Elsewhere);
        string old = Leave('4', Elsewhere);
        foreach (string folder in (string[])[old, .. Directory.GetDirectories(old)])
        {
            Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow - TimeSpan.FromMinutes(11));
        }

        string others = Directory.CreateDirectory(Path.Combine(Jobs, "mine")).FullName;
        File.WriteAllText(Path.Combine(others, "stopped"), "");
        Directory.SetLastWriteTimeUtc(others, DateTime.UtcNow - TimeSpan.FromMinutes(11));
        JobDirectory run = await JobDirectory.BeginAsync(directory, Entry(Here()), CancellationToken.None);
        Assert.That(
            Directory.GetDirectories(Jobs), Is.EquivalentTo(new[] { killedElsewhere, others, Path.Combine(Jobs, run.Run) }),
            $"{ended}, {killedHere} and {old} are over");
        Assert.That(JobDirectory.Current(directory)!.Run, Is.EqualTo(run.Run));
        Assert.That(run.ReadRank(0)!.Process, Is.EqualTo(Here()));
    }

    [Test]
    public async Task AJobOfThisNodeThatRunsIsNotReplaced()
    {
        string folder = Leave('1', Here());
        File.WriteAllText(Path.Combine(Jobs, "current"), Path.GetFileName(folder) + "\n");
        ChronoLogException refusal = (await Assert.ThrowsAsync<ChronoLogException>(async () => await BeginAsync()))!;
        Assert.That(refusal.Status, Is.EqualTo(Status.InvalidArgument));
        Assert.That(refusal.Message, Does.Contain($"a job runs in {directory} already").And.Contain($"process {Environment.ProcessId} of "));
        Assert.That(Directory.GetDirectories(Jobs), Is.EqualTo(new[] { folder }));
    }

    [Test]
    public async Task AJobOfAnotherNodeIsNotReplacedWhileItCounts()
    {
        string folder = Leave('1', Elsewhere);
        File.WriteAllText(Path.Combine(Jobs, "current"), Path.GetFileName(folder) + "\n");
        using var stop = new CancellationTokenSource();
        var counting = Task.Run(async () =>
        {
            for (int beat = 0; !stop.IsCancellationRequested; beat++)
            {
                JobDirectory.Write(Path.Combine(folder, "nodes"), "0", $"{beat} serving");
                await Task.Delay(20);
            }
        });
        await Assert.ThrowsAsync<ChronoLogException>(async () => await BeginAsync());
        await stop.CancelAsync();
        await counting;
        await BeginAsync(); // it does not count any more
        Assert.That(Directory.Exists(folder), Is.True, "and may still be there: it is removed later");
    }

    [Test]
    public async Task OfARunThatIsOverOnlyItsOutcomeIsLeft()
    {
        JobDirectory run = await JobDirectory.BeginAsync(directory, Entry(Here()), CancellationToken.None);
        Directory.CreateDirectory(run.DoneFolder(0));
        run.WriteOutcome(new JobOutcome(1, ["keeper-0 stopped with 3 events"]));
        Assert.That(Directory.GetDirectories(Path.Combine(Jobs, run.Run)), Is.EqualTo(new[] { run.ControlFolder }));
        Assert.That(run.ReadOutcome()!.LeftBehind, Is.EqualTo(new[] { "keeper-0 stopped with 3 events" }));
        Assert.That(JobTrace.HasEnded(run), Is.True);
        await BeginAsync();
        Assert.That(Directory.GetDirectories(Jobs), Has.Length.EqualTo(1));
    }

    private Task BeginAsync() => JobDirectory.BeginAsync(directory, Entry(Here()), CancellationToken.None);

    // A run's folder as its rank 0 left it.
    private string Leave(char name, RunningProcess root, string? control = null)
    {
        string folder = Path.Combine(Jobs, new string(name, 32));
        foreach (string each in (string[])["control", "ranks", "nodes"])
        {
            Directory.CreateDirectory(Path.Combine(folder, each));
        }

        JobDirectory.Write(Path.Combine(folder, "ranks"), "0", Entry(root).Format());
        if (control is not null)
        {
            JobDirectory.Write(Path.Combine(folder, "control"), control, "0");
        }

        return folder;
    }

    private static RankEntry Entry(RunningProcess process) => new(0, "token", "host/boot", process, "-");

    private static RunningProcess Here() => DeploymentState.Describe("rank-0", Environment.ProcessId);
}
