using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ChronoLog.Client;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster;

/// <summary><c>chronolog record</c> that is stopped while its input goes on.</summary>
public sealed class RecordStopTests
{
    private LocalDeployment deployment = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => deployment = await LocalDeployment.StartAsync(keepers: 1);

    [OneTimeTearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [TestCase("TERM")]
    [TestCase("INT")]
    public async Task ASilentInputDoesNotKeepItFromEnding(string signal)
    {
        using Process record = Record(signal, "--flush", "synced");
        await record.StandardInput.WriteAsync("a\nb\nhalf");
        await record.StandardInput.FlushAsync();
        await WaitUntilRecordedAsync(signal, 2);
        (int exitCode, string output, string error) = await EndAsync(record, signal);
        Assert.That(exitCode, Is.Zero, error);
        Assert.That(output, Does.StartWith("recorded 2 events"));
        Assert.That(error, Does.Contain("the last 4 bytes are not recorded"));
        await using ChronoClient client = await deployment.ConnectAsync();
        Assert.That((await RecordedEvent.ReplayAsync(client, "stop", signal)).Select(each => each.Record), Is.EqualTo(["a", "b"]));
    }

    [Test]
    public async Task AnEndlessInputEndsAtTheStopAndWhatTheSummarySaysIsThere()
    {
        using Process record = Record("endless", "--json");
        using var feeding = new CancellationTokenSource();
        Task feed = FeedAsync(record.StandardInput, feeding.Token);
        await WaitUntilRecordedAsync("endless", 1000);
        (int exitCode, string output, string error) = await EndAsync(record, "TERM");
        await feeding.CancelAsync();
        await feed;
        Assert.That(exitCode, Is.Zero, error);
        long events = JsonDocument.Parse(output).RootElement.GetProperty("events").GetInt64();
        await using ChronoClient client = await deployment.ConnectAsync();
        Assert.That(await RecordedEvent.ReplayAsync(client, "stop", "endless"), Has.Count.EqualTo(events));
    }

    [Test]
    public async Task APaceThatWaitsEndsToo()
    {
        using Process record = Record("paced", "--rate", "2");
        await record.StandardInput.WriteAsync(string.Concat(Enumerable.Repeat("x\n", 1000)));
        await record.StandardInput.FlushAsync();
        await WaitUntilRecordedAsync("paced", 1);
        (int exitCode, string output, string error) = await EndAsync(record, "TERM");
        Assert.That(exitCode, Is.Zero, error);
        Assert.That(output, Does.Match("^recorded [0-9]{1,2} events"));
        Assert.That(error, Does.Contain("are not recorded"));
    }

    [Test]
    public async Task ANamedPipeThatNobodyWritesToEndsToo()
    {
        string pipe = Path.Combine(deployment.Directory, "pipe");
        await Process.Start("/usr/bin/mkfifo", pipe).WaitForExitAsync();
        using Process record = Record("pipe", "--file", pipe);
        await Task.Delay(500); // there is nothing to see of a process that waits in open()
        (int exitCode, string _, string error) = await EndAsync(record, "TERM");
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(error, Does.Contain("nothing was recorded"));
    }

    [Test]
    public async Task AFlushThatFailsIsStatusOneWithTheSummary()
    {
        using Process record = Record("silent", "--flush", "synced");
        await record.StandardInput.WriteAsync("a\n");
        await record.StandardInput.FlushAsync();
        await WaitUntilRecordedAsync("silent", 1);
        JsonElement keeper = (await deployment.StatusAsync()).GetProperty("processes").EnumerateArray()
            .First(process => process.GetProperty("role").GetString() == "keeper");
        int pid = keeper.GetProperty("pid").GetInt32();
        await SignalAsync(pid, "STOP");
        try
        {
            await record.StandardInput.WriteAsync("b\n");
            await record.StandardInput.FlushAsync();
            await Task.Delay(500); // until it has read the line: nobody can tell while the Keeper is silent
            (int exitCode, string output, string error) = await EndAsync(record, "TERM");
            Assert.That(exitCode, Is.EqualTo(1), error);
            Assert.That(output, Does.StartWith("recorded 2 events"));
            Assert.That(error, Does.Contain("2 events were taken before the failure"));
        }
        finally
        {
            await SignalAsync(pid, "CONT");
        }

        await using ChronoClient client = await deployment.ConnectAsync();
        await deployment.WaitUntilColdAsync(client, "stop", "silent", 2);
    }

    private static async Task FeedAsync(StreamWriter input, CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await input.WriteAsync("endless\n".AsMemory(), stop);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // The reader is gone, as it should be.
        }
    }

    private static async Task<(int ExitCode, string Output, string Error)> EndAsync(Process record, string signal)
    {
        Task<string> output = record.StandardOutput.ReadToEndAsync();
        Task<string> error = record.StandardError.ReadToEndAsync();
        await SignalAsync(record.Id, signal);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await record.WaitForExitAsync(deadline.Token);
        return (record.ExitCode, await output, await error);
    }

    private static async Task SignalAsync(int pid, string signal) => await Process.Start(
        "/bin/kill", ["-" + signal, pid.ToString(CultureInfo.InvariantCulture)]).WaitForExitAsync();

    private Process Record(string story, params string[] more)
    {
        string[] arguments = ["record", "stop", story, "--create", "--endpoint", deployment.Endpoint, .. more];
        return Process.Start(new ProcessStartInfo(Chronolog.Executable, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
    }

    private async Task WaitUntilRecordedAsync(string story, ulong events)
    {
        await using ChronoClient client = await deployment.ConnectAsync();
        await deployment.WaitAsync(
            client,
            status => status.Stories.Any(each => each.Story == story && each.Hot + each.Warm + each.Cold >= events),
            $"{events} events of {story}");
    }
}
