using System.Diagnostics;
using ChronoLog.Interop.Posix;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster;

/// <summary>What a stop says when something is left.</summary>
public sealed class StoppingTests
{
    private static readonly string[] Impatient =
        ["--window", "500ms", "--set", "keeper.drain-deadline=2s", "--set", "grapher.drain-deadline=2s"];

    private string directory = null!;

    [SetUp]
    public void SetUp() => directory = Directory.CreateTempSubdirectory("chronolog-test-").FullName;

    [TearDown]
    public void TearDown() => Directory.Delete(directory, recursive: true);

    [Test]
    public async Task DownFailsAndSaysWhatIsLeftAndWhere()
    {
        (await Chronolog.RunAsync(null, ["up", "--detach", .. Where(), .. Impatient])).Succeeded();
        await RecordWhatCannotBeArchivedAsync();
        Chronolog.Outcome down = await Chronolog.RunAsync(null, "down", "--dir", directory);
        Assert.That(down.ExitCode, Is.EqualTo(1));
        AssertTold(down.Error);
        Assert.That(
            File.ReadAllText(Path.Combine(directory, "logs", "keeper-0.log")), Does.Contain("stopped with 1 chunks with 3 events"));

        (await Chronolog.RunAsync(null, ["up", "--detach", .. Where(), .. Impatient])).Succeeded();
        Chronolog.Outcome again = await Chronolog.RunAsync(null, "down", "--dir", directory);
        Assert.That(again.ExitCode, Is.Zero, () => "the next run takes it up and archives it: " + again.Error);
        Assert.That(
            Directory.GetFiles(Path.Combine(directory, "archive"), "*.h5", SearchOption.AllDirectories), Is.Not.Empty);
    }

    [Test]
    public async Task SoDoesUpInTheForeground()
    {
        using Process up = Process.Start(new ProcessStartInfo(Chronolog.Executable, ["up", .. Where(), .. Impatient])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> error = up.StandardError.ReadToEndAsync();
        Assert.That(await up.StandardOutput.ReadLineAsync(), Does.StartWith("tcp://"));
        await RecordWhatCannotBeArchivedAsync();
        PosixProcess.Terminate(up.Id);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await up.WaitForExitAsync(deadline.Token);
        Assert.That(up.ExitCode, Is.EqualTo(1));
        AssertTold(await error);
    }

    private string Journal => Path.Combine(directory, "journal", "keeper-0");

    private void AssertTold(string error)
    {
        Assert.That(error, Does.Contain("keeper-0 stopped with").And.Contain("3 events of stories c/s").And.Contain(Journal));
        Assert.That(error, Does.Contain("grapher-0 stopped with").And.Contain(Path.Combine(directory, "archive", "group-0")));
        Assert.That(Directory.GetFiles(Journal, "*", SearchOption.AllDirectories), Is.Not.Empty);
    }

    private string[] Where() => ["--dir", directory, "--port-base", $"{LocalDeployment.FreePorts()}"];

    // The Grapher holds its archive's directory open; nothing can be created in one that is removed.
    private async Task RecordWhatCannotBeArchivedAsync()
    {
        Directory.Delete(Path.Combine(directory, "archive"), recursive: true);
        string endpoint = (await File.ReadAllTextAsync(Path.Combine(directory, "endpoint"))).Trim();
        (await Chronolog.RunAsync("a\nb\nc\n", "record", "c", "s", "--create", "--endpoint", endpoint)).Succeeded();
    }
}
