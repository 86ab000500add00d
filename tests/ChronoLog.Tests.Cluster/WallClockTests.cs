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
            RecordedEvent.AssertOrdered(all);
            Assert.That(all.Select(each => each.Record), Is.EqualTo(Enumerable.Range(0, recorded).Select(i => $"{i}")));
            Assert.That(
                all[^1].Sequence.EventTime - all[0].Sequence.EventTime, Is.LessThan(600_000_000_000), "no tick jumped");
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

    /// <summary>Without this the test above would say nothing.</summary>
    [Test]
    public void TheShiftIsSeenByWhatIsStartedMeanwhile()
    {
        using ShiftedWallClock wall = ShiftedWallClock.Install();
        wall.Step(7200);
        using Process date = Process.Start(new ProcessStartInfo("date", "+%s") { RedirectStandardOutput = true })!;
        string seconds = date.StandardOutput.ReadToEnd();
        date.WaitForExit();
        long shifted = long.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture);
        Assert.That(shifted - DateTimeOffset.UtcNow.ToUnixTimeSeconds(), Is.InRange(7000, 7400));
    }
}
