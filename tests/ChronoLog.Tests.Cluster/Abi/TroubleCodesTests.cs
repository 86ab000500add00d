using System.Globalization;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;
using ChronoLog.Tests.Cluster.Faults;

namespace ChronoLog.Tests.Cluster.Abi;

/// <summary>
/// The codes of a disk that is full, a device that fails, a Keeper that is stopped, memory that is damaged; and none for another
/// user's (tests/abi/codes.cpp), with one Keeper, and the Visor's metadata on a small file system of their own.
/// </summary>
public sealed class TroubleCodesTests
{
    private const int Mebibytes = 4;
    private LocalDeployment deployment = null!;
    private MountedFileSystem metadata = null!;
    private string directory = null!;
    private string program = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        MountedFileSystem.Require();
        directory = Directory.CreateTempSubdirectory("chronolog-codes-").FullName;
        metadata = MountedFileSystem.Tmpfs(Path.Combine(directory, "metadata"), Mebibytes);
        deployment = await LocalDeployment.StartAsync(new DeploymentSetup
        {
            Keepers = 1,
            Settings = [$"visor.database={metadata.MountPoint}/chrono-visor.db"],
        });
        program = await Consumer.CompileAsync("codes.cpp", directory, "c++17");
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await (deployment?.DisposeAsync() ?? default);
        metadata?.Dispose();
        if (directory is not null)
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Test]
    public Task GivesNoSpace() => RunAsync("space", metadata.MountPoint);

    [Test]
    public async Task GivesInternal()
    {
        Strace.Require();
        using Strace strace = await Strace.AttachAsync(await PidAsync("visor"), "pwrite64", "error=EIO");
        await RunAsync("device");
        Assert.That(strace.Injected, Is.Not.Empty);
    }

    [Test]
    public async Task GivesFenced()
    {
        string supervisor = File.ReadAllText(Path.Combine(deployment.Directory, "supervisor.json"));
        using var state = System.Text.Json.JsonDocument.Parse(supervisor);
        int pid = state.RootElement.GetProperty("supervisor").GetProperty("pid").GetInt32();
        try
        {
            await RunAsync("fenced", Text(pid), Text(await PidAsync("keeper-0")));
        }
        finally
        {
            await Faults.Signals.ContinueAsync(pid);
        }
    }

    [Test]
    public async Task GivesCorrupt()
    {
        int pid = await PidAsync("keeper-0");
        try
        {
            await RunAsync("ring", Text(pid));
        }
        finally
        {
            await Faults.Signals.ContinueAsync(pid);
        }
    }

    [Test]
    public Task AnotherUserRecords() => RunAsync("user");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task<int> PidAsync(string name)
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        StatusReply status = await deployment.WaitAsync(
            client, reply => reply.Processes.All(each => each.State == "alive"), "everybody alive");
        return status.Pid(name);
    }

    private async Task RunAsync(params string[] arguments) => Assert.That(
        await Consumer.RunAsync(
            program, arguments, new Dictionary<string, string> { ["CHRONOLOG_ENDPOINT"] = deployment.Endpoint }),
        Is.EqualTo("ok\n"));
}
