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
    public void ADamagedFileIsNamed(string text)
    {
        var state = new DeploymentState(directory);
        File.WriteAllText(state.SupervisorFile, text);
        ChronoLogException exception = Assert.Throws<ChronoLogException>(() => state.ReadRunning());
        Assert.That(exception.Status, Is.EqualTo(Status.Corrupt));
        Assert.That(exception.Message, Does.Contain(state.SupervisorFile));
    }
}
