using System.Diagnostics;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster;

/// <summary>One Grapher and one Player per group, groups that die, clients that die, and Ctrl-C.</summary>
public sealed class GroupTests
{
    [TestCase("grapher", "--drain-port")]
    [TestCase("player", "--query-port")]
    public async Task ASecondOneOfAGroupEndsWithStatusOneAndNamesTheFirst(string role, string port)
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        string archive = Directory.CreateTempSubdirectory("chronolog-archive-").FullName;
        Chronolog.Outcome rival = await Chronolog.RunAsync(null, [.. Rival(deployment, role, port, archive)]);
        Assert.That(rival.ExitCode, Is.EqualTo(1));
        Assert.That(rival.Error, Does.Contain("'rival'").And.Contain($"'{role}-0'").And.Contain("group 0"));
        await using ChronoClient watch = await deployment.ConnectAsync();
        await deployment.WaitAsync(
            watch, status => status.Processes.All(process => process.State == "alive"), "the first one to serve on");
        Directory.Delete(archive, recursive: true);
    }

    [Test]
    public async Task TwoGraphersOfAGroupNeverWriteOneArchive()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        Chronolog.Outcome rival = await Chronolog.RunAsync(
            null, [.. Rival(deployment, "grapher", "--drain-port", deployment.ArchiveDirectory)]);
        Assert.That(rival.ExitCode, Is.EqualTo(1));
        Assert.That(rival.Error, Does.Contain(deployment.ArchiveDirectory).And.Contain("another grapher"));
    }

    [Test]
    public async Task AGrapherThatReturnsToATakenPlaceStopsServing()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1);
        await using ChronoClient watch = await deployment.ConnectAsync();
        string archive = Directory.CreateTempSubdirectory("chronolog-archive-").FullName;
        int grapher = await PidAsync(watch, "grapher-0");
        Signals.Stop(grapher);
        await WaitForAsync(deployment, watch, "grapher-0", "dead");
        using Process rival = Process.Start(
            new ProcessStartInfo(Chronolog.Executable, Rival(deployment, "grapher", "--drain-port", archive)))!;
        try
        {
            await WaitForAsync(deployment, watch, "rival", "alive");
            Signals.Continue(grapher);
            await deployment.WaitAsync(watch, _ => HasExited(grapher), "the former Grapher to end");
            string log = File.ReadAllText(Path.Combine(deployment.Directory, "logs", "grapher-0.log"));
            Assert.That(log, Does.Contain("not a member of its group").And.Contain("'rival'"));
            Assert.That(
                (await watch.StatusAsync()).Processes.Where(process => process.Identity.Role == Role.Grapher)
                    .Select(process => process.Identity.Name),
                Is.EqualTo(["rival"]));
        }
        finally
        {
            rival.Kill(); // the supervisor has been starting the first one again and again
            await rival.WaitForExitAsync();
        }

        await WaitForAsync(deployment, watch, "grapher-0", "alive");
        Directory.Delete(archive, recursive: true);
    }

    [Test]
    public async Task AStoryWhoseGroupDiedMovesAndItsReplayMergesBoth()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1, more: ["--groups", "2"]);
        await using ChronoClient watch = await deployment.ConnectAsync();
        (await deployment.RunAsync("first\n", "record", "c", "s", "--create")).Succeeded();
        StatusReply cold = await deployment.WaitUntilColdAsync(watch, "c", "s", 1);
        uint group = cold.Stories.Single().Group;
        int keeper = await PidAsync(watch, $"keeper-{group}");
        Signals.Stop(keeper);
        try
        {
            await WaitForAsync(deployment, watch, $"keeper-{group}", "dead");
            (await deployment.RunAsync("second\n", "record", "c", "s")).Succeeded();
            Assert.That((await watch.StatusAsync()).Stories.Single().Group, Is.EqualTo(1 - group));
            Chronolog.Outcome partial = await deployment.RunAsync(null, "replay", "c", "s", "--format", "raw");
            Assert.That(partial.ExitCode, Is.EqualTo(1), "the dead Keeper may hold more");
            Assert.That(partial.Lines, Is.EqualTo(["first", "second"]));
            Assert.That(partial.Error, Does.Contain($"keeper-{group}"));
        }
        finally
        {
            Signals.Continue(keeper);
        }

        await WaitForAsync(deployment, watch, $"keeper-{group}", "alive");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Chronolog.Outcome whole;
        do
        {
            deadline.Token.ThrowIfCancellationRequested();
            whole = await deployment.RunAsync(null, "replay", "c", "s", "--format", "raw");
        }
        while (whole.ExitCode != 0);

        Assert.That(whole.Lines, Is.EqualTo(["first", "second"]));
    }

    [Test]
    public async Task AClientThatDiesReleasesItsStoriesWithinItsLease()
    {
        await using LocalDeployment deployment =
            await LocalDeployment.StartAsync(keepers: 1, more: ["--set", "visor.client-lease=2s"]);
        await using ChronoClient watch = await deployment.ConnectAsync();
        using Process recorder = Process.Start(new ProcessStartInfo(
            Chronolog.Executable, ["record", "c", "s", "--create", "--endpoint", deployment.Endpoint])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        await recorder.StandardInput.WriteAsync("a\n");
        await recorder.StandardInput.FlushAsync();
        await deployment.WaitAsync(
            watch, status => status.Stories.Any(story => story.Acquirers == 1 && story.Hot + story.Warm + story.Cold > 0),
            "the event to be recorded");
        recorder.Kill();
        await deployment.WaitAsync(watch, status => status.Stories.Single().Acquirers == 0, "the lease to run out");
        await deployment.WaitUntilColdAsync(watch, "c", "s", 1);
        await watch.DestroyStoryAsync("c", "s");
    }

    [Test]
    public async Task CtrlCStopsADeploymentInOrder()
    {
        string directory = Directory.CreateTempSubdirectory("chronolog-test-").FullName;
        // Whoever runs the tests in the background may have had interrupts ignored; a terminal's shell does not.
        using Process up = Process.Start(new ProcessStartInfo("setsid",
        [
            "env", "--default-signal=INT", Chronolog.Executable, "up", "--dir", directory, "--window", "500ms", "--port-base", $"{LocalDeployment.FreePorts()}",
        ])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> error = up.StandardError.ReadToEndAsync();
        string endpoint = (await up.StandardOutput.ReadLineAsync())!;
        (await Chronolog.RunAsync("a\nb\nc\n", "record", "c", "s", "--create", "--endpoint", endpoint)).Succeeded();
        Signals.InterruptGroup(up.Id);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        await up.WaitForExitAsync(deadline.Token);
        string said = await error;
        Assert.That(up.ExitCode, Is.Zero, () => said);
        string visor = File.ReadAllText(Path.Combine(directory, "logs", "visor.log"));
        Assert.That(
            visor, Does.Contain("Keeper 'keeper-0' left").And.Contain("Player 'player-0' left"),
            "the Visor was not interrupted with the others: it ends last");
        Assert.That(Directory.GetFiles(Path.Combine(directory, "archive"), "*.h5", SearchOption.AllDirectories), Is.Not.Empty);
        Directory.Delete(directory, recursive: true);
    }

    private static List<string> Rival(LocalDeployment deployment, string role, string port, string archive)
    {
        var portal = new Uri(deployment.Endpoint);
        return
        [
            role, "--name", "rival", "--visor", $"tcp://{portal.Host}:{portal.Port + 1}", "--archive-directory", archive,
            port, "0", "--admin-port", "0", "--fabric", "ofi+tcp",
        ];
    }

    private static bool HasExited(int pid) => !File.Exists($"/proc/{pid}/stat")
        || File.ReadAllText($"/proc/{pid}/stat").Split(") ")[1][0] == 'Z';

    private static async Task<int> PidAsync(ChronoClient watch, string name) =>
        (int)(await watch.StatusAsync()).Processes.Single(process => process.Identity.Name == name).Identity.Pid;

    private static Task<StatusReply> WaitForAsync(
        LocalDeployment deployment, ChronoClient watch, string name, string state) => deployment.WaitAsync(
        watch,
        status => status.Processes.Any(process => process.Identity.Name == name && process.State == state),
        $"{name} to be {state}");
}
