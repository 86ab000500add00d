using System.Diagnostics;
using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;
using ChronoLog.Tests.Cluster.Faults;

namespace ChronoLog.Tests.Cluster;

/// <summary>The wall clock of every process of a deployment is stepped while events are recorded.</summary>
[NonParallelizable]
public sealed class WallClockTests
{
    private const int EventsPerStep = 300;

    // From the beginning, so that it shows in the ticks that the processes read this clock, and not the machine's.
    private const long Shift = 7200;

    // What a flush may take on a machine that is busy with other things; a process that followed its wall clock by an hour
    // would take as long, or for ever.
    private static readonly TimeSpan LatencyMax = TimeSpan.FromSeconds(30);

    [Test]
    public async Task StepsOfAnHourLeaveOrderCompletenessAndLatencyAlone()
    {
        using ShiftedWallClock wall = ShiftedWallClock.Install();
        wall.Step(Shift);
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(window: "300ms");
        await using ChronoClient client = await deployment.ConnectAsync();
        StoryHandle story = await client.AcquireStoryAsync("wall", "clock", createChronicle: true);
        int recorded = 0;
        ulong last = 0;
        foreach (long step in new long[] { 0, 3600, 0, -3600, 3600, -3600, 0 })
        {
            wall.Step(Shift + step);
            long begin = Stopwatch.GetTimestamp();
            for (int i = 0; i < EventsPerStep; i++)
            {
                ulong tick = story.LogEvent(Encoding.UTF8.GetBytes($"{recorded++}"));
                Assert.That(tick, Is.GreaterThan(last));
                last = tick;
            }

            await story.FlushAsync(DurabilityLevel.Synced, LatencyMax);
            List<RecordedEvent> all = await RecordedEvent.ReplayAsync(client, "wall", "clock");
            AssertWhole(all, recorded);
            Assert.That(Stopwatch.GetElapsedTime(begin), Is.LessThan(LatencyMax), $"after a step to {step} s");
        }

        ulong machine = (ulong)(DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;
        Assert.That(last - machine, Is.InRange(6_600_000_000_000, 7_800_000_000_000), "the Visor began with the shifted clock");
        wall.Step(Shift - 3600);
        await client.ReleaseStoryAsync("wall", "clock");
        await deployment.WaitUntilColdAsync(client, "wall", "clock", recorded);
        List<RecordedEvent> cold = await RecordedEvent.ReplayAsync(client, "wall", "clock");
        Assert.That(cold.Select(each => each.Record), Is.EqualTo(Enumerable.Range(0, recorded).Select(i => $"{i}")));
    }

    /// <summary>
    /// The wall clock of one process is stepped while the others' stay. The writer is a process of its own; the reader is
    /// this one, whose wall clock is two hours behind all others'.
    /// </summary>
    [Test]
    public async Task StepsOfOneProcessLeaveOrderCompletenessAndLatencyAlone()
    {
        using ShiftedWallClock wall = ShiftedWallClock.Install();
        wall.Step(Shift);
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1, window: "300ms");
        await using ChronoClient client = await deployment.ConnectAsync();
        using Process recorder = Process.Start(new ProcessStartInfo(
            Chronolog.Executable, ["record", "wall", "one", "--create", "--endpoint", deployment.Endpoint])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        int recorded = 0;
        foreach (string role in (string[])["visor", "keeper", "grapher", "player", "record"])
        {
            foreach (long step in (long[])[3600, -3600, 0])
            {
                wall.Step(role, Shift + step);
                long begin = Stopwatch.GetTimestamp();
                for (int i = 0; i < EventsPerStep; i++)
                {
                    await recorder.StandardInput.WriteAsync($"{recorded++}\n");
                }

                await recorder.StandardInput.FlushAsync();
                List<RecordedEvent> all;
                do
                {
                    all = await ReplayWhatIsThereAsync(client, "one");
                    Assert.That(Stopwatch.GetElapsedTime(begin), Is.LessThan(LatencyMax), $"{role} stepped to {step} s");
                }
                while (all.Count < recorded);

                AssertWhole(all, recorded);
            }
        }

        recorder.StandardInput.Close();
        using var deadline = new CancellationTokenSource(LatencyMax);
        await recorder.WaitForExitAsync(deadline.Token);
        Assert.That(recorder.ExitCode, Is.Zero);
        await deployment.WaitUntilColdAsync(client, "wall", "one", recorded);
        AssertWhole(await RecordedEvent.ReplayAsync(client, "wall", "one"), recorded);
    }

    /// <summary>
    /// A wall clock that is behind what was told before is refused where the clock can't go on from its anchor. Within the
    /// bound the clock goes on where it was.
    /// </summary>
    [Test]
    public async Task AVisorWhoseWallClockIsBehindItsMarkRefusesAndSaysWhatToDo()
    {
        using ShiftedWallClock wall = ShiftedWallClock.Install();
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(keepers: 1, window: "300ms");
        string database = deployment.CopyDatabase(Path.Combine(deployment.Directory, "copy"));
        wall.Step("visor", -3600);
        int port = LocalDeployment.FreePorts();
        Chronolog.Outcome refused = await Chronolog.RunAsync(
            null, "visor", "--database", database, "--portal-port", $"{port}",
            "--registry-port", $"{port + 1}", "--clock-anchor", "anew");
        Assert.That(refused.ExitCode, Is.EqualTo(2), () => refused.Error);
        Assert.That(
            refused.Error, Does.Contain("s behind the ticks that this deployment has given out")
                .And.Contain("set the node's clock, or raise clock-behind-max"));
    }

    private static void AssertWhole(List<RecordedEvent> all, int recorded)
    {
        RecordedEvent.AssertOrdered(all);
        Assert.That(all.Select(each => each.Record), Is.EqualTo(Enumerable.Range(0, recorded).Select(i => $"{i}")));
        Assert.That(
            all[^1].Sequence.EventTime - all[0].Sequence.EventTime, Is.LessThan(600_000_000_000), "no tick jumped");
    }

    // The writer may not have made its story yet.
    private static async Task<List<RecordedEvent>> ReplayWhatIsThereAsync(ChronoClient client, string story)
    {
        try
        {
            return await RecordedEvent.ReplayAsync(client, "wall", story);
        }
        catch (ChronoLogException exception) when (exception.Status == Status.NotExist)
        {
            return [];
        }
    }

    /// <summary>Without this the tests above would say nothing.</summary>
    [Test]
    public void TheShiftIsSeenByWhatIsStartedMeanwhile()
    {
        using ShiftedWallClock wall = ShiftedWallClock.Install();
        wall.Step(7200);
        Assert.That(Ahead("+%s"), Is.InRange(7000, 7400));
        wall.Step("+%s.0", -7200);
        Assert.That(Ahead("+%s.0"), Is.InRange(-7400, -7000), "the process with this first argument has its own");
        Assert.That(Ahead("+%s"), Is.InRange(7000, 7400), "and others do not follow it");
    }

    private static double Ahead(string argument)
    {
        using Process date = Process.Start(new ProcessStartInfo("date", argument) { RedirectStandardOutput = true })!;
        string seconds = date.StandardOutput.ReadToEnd();
        date.WaitForExit();
        return double.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture)
            - DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    }
}
