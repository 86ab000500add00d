using System.Globalization;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Abi;

/// <summary>The codes of the C++ client that take a deployment in trouble (tests/abi/codes.cpp), and every function of C misused.</summary>
public sealed class CodesTests
{
    private LocalDeployment deployment = null!;
    private string directory = null!;
    private string program = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        deployment = await LocalDeployment.StartAsync(new DeploymentSetup { Settings = ["visor.dead-after=1s"] });
        directory = Directory.CreateTempSubdirectory("chronolog-codes-").FullName;
        program = await Consumer.CompileAsync("codes.cpp", directory, "c++17");
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        Directory.Delete(directory, recursive: true);
        await deployment.DisposeAsync();
    }

    [TestCase("nobody")]
    [TestCase("limits")]
    [TestCase("child")]
    [TestCase("keepers", "keeper-0", "keeper-1")]
    [TestCase("abandoned", "keeper-0", "keeper-1")]
    [TestCase("player", "player-0")]
    [TestCase("visor", "visor")]
    public async Task Gives(string mode, params string[] still)
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        StatusReply status = await deployment.WaitAsync(
            client, reply => reply.Processes.All(each => each.State == "alive"), "everybody alive");
        int[] pids = [.. still.Select(name => (int)status.Processes.Single(each => each.Identity.Name == name).Identity.Pid)];
        try
        {
            await RunAsync([mode, .. pids.Select(pid => pid.ToString(CultureInfo.InvariantCulture))], deployment.Endpoint);
        }
        finally
        {
            Array.ForEach(pids, Signals.Continue);
        }
    }

    [Test]
    public async Task GivesProtocolVersionMismatch()
    {
        using var visor = new FutureVisor();
        await RunAsync(["version"], visor.Endpoint);
    }

    [Test]
    public async Task GivesNoLibrary()
    {
        foreach (string library in new[] { "libchronolog.so.1", "libchrono_native.so" })
        {
            File.Copy(Path.Combine(Consumer.Libraries, library), Path.Combine(directory, library));
        }

        await RunAsync(["library"], deployment.Endpoint, ("LD_LIBRARY_PATH", directory));
    }

    [Test]
    public async Task EveryFunctionRefusesWhatIsNothing()
    {
        string printed = await Consumer.RunAsync(
            "/usr/bin/python3",
            [
                Path.Combine(Consumer.Sources, "every_function.py"), Path.Combine(Consumer.Headers, "chronolog.h"),
                Path.Combine(Consumer.Libraries, "libchronolog.so.1"),
            ],
            new Dictionary<string, string> { ["CHRONOLOG_ENDPOINT"] = deployment.Endpoint });
        Assert.That(printed.TrimEnd(), Does.EndWith("ok"));
    }

    private async Task RunAsync(string[] arguments, string endpoint, params (string Name, string Value)[] more)
    {
        var environment = new Dictionary<string, string> { ["CHRONOLOG_ENDPOINT"] = endpoint };
        Array.ForEach(more, each => environment[each.Name] = each.Value);
        Assert.That(await Consumer.RunAsync(program, arguments, environment), Is.EqualTo("ok\n"));
    }
}
