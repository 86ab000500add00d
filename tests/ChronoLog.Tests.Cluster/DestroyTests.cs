using System.Diagnostics;
using System.Globalization;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster;

/// <summary>Destroying a story while a Keeper does not answer.</summary>
public sealed class DestroyTests
{
    [Test]
    public async Task ASilentKeeperIsNamedAndItsPartGoesWhenItAnswers()
    {
        await using LocalDeployment deployment = await LocalDeployment.StartAsync();
        (await deployment.RunAsync("old\n", "record", "c", "s", "--create")).Succeeded();
        await using ChronoClient client = await deployment.ConnectAsync();
        int pid = (await client.StatusAsync()).Processes
            .Select(process => process.Identity).Where(process => process.Name == "keeper-1").Select(each => (int)each.Pid).Single();
        await SignalAsync(pid, "STOP");
        try
        {
            Chronolog.Outcome destroy = await deployment.RunAsync(null, "story", "destroy", "c", "s");
            Assert.That(destroy.ExitCode, Is.EqualTo(3));
            Assert.That(destroy.Error, Does.Contain("keeper-1").And.Contain("c/s").And.Contain("did not answer"));
            Assert.That((await deployment.RunAsync(null, "story", "list", "c")).Succeeded().Lines, Is.Empty);
            Chronolog.Outcome record = await deployment.RunAsync("new\n", "record", "c", "s");
            Assert.That(record.ExitCode, Is.EqualTo(1));
            Assert.That(record.Error, Does.Contain("being destroyed").And.Contain("keeper-1"));
        }
        finally
        {
            await SignalAsync(pid, "CONT");
        }

        await UntilGoneAsync(client);
        (await deployment.RunAsync("new\n", "record", "c", "s")).Succeeded();
        Assert.That((await RecordedEvent.ReplayAsync(client, "c", "s")).Select(each => each.Record), Is.EqualTo(["new"]));
    }

    // A destruction that is asked for again says how far it is: NotExist when the story is gone.
    private static async Task UntilGoneAsync(ChronoClient client)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await client.DestroyStoryAsync("c", "s");
                return;
            }
            catch (ChronoLogException exception) when (exception.Status == Status.NotExist)
            {
                return;
            }
            catch (ChronoLogException exception) when (exception.Status == Status.NoConnection)
            {
                Assert.That(waited.Elapsed, Is.LessThan(TimeSpan.FromSeconds(30)), exception.Message);
            }
        }
    }

    private static async Task SignalAsync(int pid, string signal) => await Process.Start(
        "/bin/kill", ["-" + signal, pid.ToString(CultureInfo.InvariantCulture)]).WaitForExitAsync();
}
