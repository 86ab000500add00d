using ChronoLog.App.Deployment;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Deployment;

[TestFixture]
public sealed class DeploymentStateTests
{
    private string directory = "";

    [SetUp]
    public void MakeDirectory() => directory = Directory.CreateTempSubdirectory("chronolog-state-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(directory, recursive: true);

    [Test]
    public void AProcessRunsOnlyWhileItIsTheOneThatWasWritten()
    {
        var state = new DeploymentState(directory);
        state.Write([("visor", Environment.ProcessId)]);
        RunningProcess own = state.ReadRunning().Single();
        Assert.That((own.Name, own.Pid), Is.EqualTo(("visor", Environment.ProcessId)));
        Assert.That(DeploymentState.IsRunning(own with { Started = "1" }), Is.False, "another had the number before");
        Assert.That(DeploymentState.IsRunning(own with { Pid = int.MaxValue }), Is.False);
        Assert.That(DeploymentState.IsRunning(own with { Space = "other/boot/pid:[1]" }), Is.False, "another node's has the same number");
    }

    [Test]
    public void AProcessOfAnotherNodeIsReadAndDoesNotRun()
    {
        var state = new DeploymentState(directory);
        state.Write([("supervisor", Environment.ProcessId)]);
        RunningProcess own = state.ReadRunning().Single();
        string text = File.ReadAllText(state.SupervisorFile);
        string elsewhere = text.Replace(own.Space, "node9/boot/pid:[1]", StringComparison.Ordinal);
        Assert.That(elsewhere, Is.Not.EqualTo(text));
        File.WriteAllText(state.SupervisorFile, elsewhere);
        Assert.That(state.ReadRunning(), Is.Empty);
        Assert.That(state.ReadAll().Single().Host, Is.EqualTo("node9"));
    }

    [Test]
    public void ADirectoryIsClaimedByOneAtATime()
    {
        var state = new DeploymentState(directory);
        using (state.Claim())
        {
            // As from another node: its processes are not this node's, its lock holds all the same.
            ChronoLogException refusal = Assert.Throws<ChronoLogException>(() => new DeploymentState(directory).Claim())!;
            Assert.That(refusal.Status, Is.EqualTo(Status.InvalidArgument));
            Assert.That(refusal.Message, Does.Contain("a deployment runs in " + directory));
        }

        Assert.That(() => state.Claim()!.Dispose(), Throws.Nothing);
    }

    [Test]
    public void FilesThatVanishWhileTheyAreReadAreNoFailure()
    {
        var state = new DeploymentState(directory);
        using var stop = new CancellationTokenSource();
        var owner = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                state.Write([("visor", Environment.ProcessId)]);
                state.WriteEndpoint("tcp://127.0.0.1:5555");
                state.Clear();
            }
        });
        int seen = 0;
        for (int i = 0; i < 3000 || seen == 0; i++)
        {
            seen += state.ReadRunning().Count;
            _ = state.ReadEndpoint();
        }

        stop.Cancel();
        Assert.That(async () => await owner, Throws.Nothing);
    }

    [TestCase("")]
    [TestCase("[]")]
    [TestCase("""{"visor": 7}""")]
    [TestCase("""{"visor": {"pid": "x", "started": "1"}}""")]
    [TestCase("""{"visor": {"pid": 99999999999, "started": "1"}}""")]
    [TestCase("""{"visor": {"started": "1"}}""")]
    [TestCase("""{"visor": {"pid": 7, "started": "1"}}""")]
    public void ADamagedFileIsNamed(string text)
    {
        var state = new DeploymentState(directory);
        File.WriteAllText(state.SupervisorFile, text);
        ChronoLogException exception = Assert.Throws<ChronoLogException>(() => state.ReadRunning());
        Assert.That(exception.Status, Is.EqualTo(Status.Corrupt));
        Assert.That(exception.Message, Does.Contain(state.SupervisorFile));
    }
}
