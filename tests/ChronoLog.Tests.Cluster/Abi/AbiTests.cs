using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Abi;

/// <summary>Programs in C, C++ and Python against a real deployment. What each checks stands in tests/abi.</summary>
public sealed class AbiTests
{
    private LocalDeployment deployment = null!;
    private string directory = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        deployment = await LocalDeployment.StartAsync();
        directory = Directory.CreateTempSubdirectory("chronolog-abi-").FullName;
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        Directory.Delete(directory, recursive: true);
        await deployment.DisposeAsync();
    }

    [TestCase("record_replay.c", "gnu11")]
    [TestCase("misuse.c", "gnu11")]
    [TestCase("signals.c", "gnu11")]
    [TestCase("dlopened.c", "gnu11")]
    [TestCase("compatible.cpp", "c++17")]
    [TestCase("modern.cpp", "c++17")]
    [TestCase("modern.cpp", "c++20")]
    public async Task Program(string source, string standard)
    {
        string program = await Consumer.CompileAsync(source, directory, standard);
        string printed = await Consumer.RunAsync(
            program, [Path.Combine(Consumer.Libraries, "libchronolog.so.1")], Environment);
        Assert.That(printed.TrimEnd(), Does.EndWith("ok"));
    }

    [TestCase("")]
    [TestCase("1")]
    public Task Package(string withoutNumpy) => Consumer.RunAsync(
        "/usr/bin/python3",
        ["-W", "error", Path.Combine(Consumer.Sources, "package_test.py")],
        new Dictionary<string, string>(Environment)
        {
            ["WITHOUT_NUMPY"] = withoutNumpy,
            ["PYTHONPATH"] = Consumer.Python,
            ["PYTHONDONTWRITEBYTECODE"] = "1",
        });

    private Dictionary<string, string> Environment => new() { ["CHRONOLOG_ENDPOINT"] = deployment.Endpoint };
}
