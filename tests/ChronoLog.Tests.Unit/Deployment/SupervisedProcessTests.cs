using System.Diagnostics;
using ChronoLog.App.Deployment;
using ChronoLog.Core.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.Tests.Unit.Deployment;

/// <summary>One supervised child; the executable is a script.</summary>
internal sealed class SupervisedProcessTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private string directory = null!;
    private string executable = null!;
    private SupervisedProcess process = null!;

    [SetUp]
    public void SetUp()
    {
        directory = Directory.CreateTempSubdirectory("chronolog-test-").FullName;
        executable = Path.Combine(directory, "server");
        File.WriteAllText(executable, "#!/bin/sh\necho started\nexec sleep 60\n");
        File.SetUnixFileMode(executable, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var plan = new ProcessPlan("keeper", "keeper-0", Path.Combine(directory, "keeper-0.log"), Deadline, []);
        process = new SupervisedProcess(plan, executable, NullLogger.Instance);
    }

    [TearDown]
    public async Task TearDown()
    {
        await process.StopAsync();
        process.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Test]
    public void AStartThatTheSystemRefusesIsRepeated()
    {
        process.Start();
        string away = executable + ".away";
        File.Move(executable, away);
        Process.GetProcessById(process.Pid).Kill();
        Wait(() => process.HasExited);
        var watched = Stopwatch.StartNew();
        while (watched.ElapsedMilliseconds < 1000)
        {
            Assert.That(process.Watch(), Is.False, "there is nothing to start");
            Thread.Sleep(5);
        }

        File.Move(away, executable);
        Wait(process.Watch);
        Assert.That(process.HasExited, Is.False);
        Assert.That(process.Restarts, Is.EqualTo(1));
    }

    [Test]
    public void AFirstStartThatTheSystemRefusesNamesTheCause()
    {
        File.Delete(executable);
        ChronoLogException refusal = Assert.Throws<ChronoLogException>(process.Start)!;
        Assert.That(refusal.Message, Does.Contain("keeper-0").And.Contain(executable));
    }

    [Test]
    public void TheChildHasNothingOfItsParentsStreams()
    {
        process.Start();
        Assert.That(File.ResolveLinkTarget($"/proc/{process.Pid}/fd/0", false)!.FullName, Is.EqualTo("/dev/null"));
        Assert.That(File.ResolveLinkTarget($"/proc/{process.Pid}/fd/1", false)!.FullName, Is.EqualTo(process.Plan.LogFile));
        Assert.That(File.ResolveLinkTarget($"/proc/{process.Pid}/fd/2", false)!.FullName, Is.EqualTo(process.Plan.LogFile));
        Wait(() => File.ReadAllText(process.Plan.LogFile).Contains("started", StringComparison.Ordinal));
    }

    [Test]
    public async Task WhateverDidNotEndInOrderIsToldWithItsStatusAndLog()
    {
        process.Start();
        Assert.That(await process.StopAsync(), Does.Contain("keeper-0 ended").And.Contain("143").And.Contain("keeper-0.log"));
        Assert.That(await process.StopAsync(), Does.Contain("keeper-0 ended,"), "the stop ended it, and it was there before");
    }

    [TestCase(true, "was not running when the deployment was stopped: it had ended before, with status 137 (signal 9)")]
    [TestCase(false, "ended while the deployment started, with status 137 (signal 9)")]
    public async Task WhoeverWasGoneBeforeTheStopIsToldAsThat(bool hasServed, string told)
    {
        process.Start();
        process.HasServed = hasServed;
        Process.GetProcessById(process.Pid).Kill();
        Wait(() => process.HasExited);
        Assert.That(await process.StopAsync(), Does.StartWith($"keeper-0 {told}: what it had not handed on stays in its journal; see "));
    }

    [Test]
    public async Task WhoHoldsNoEventsLeavesNone()
    {
        var plan = new ProcessPlan("player", "player-0", Path.Combine(directory, "player-0.log"), Deadline, []);
        using var player = new SupervisedProcess(plan, executable, NullLogger.Instance);
        player.Start();
        Assert.That(await player.StopAsync(), Is.EqualTo($"player-0 ended, with status 143 (signal 15); see {plan.LogFile}"));
    }

    private static void Wait(Func<bool> condition)
    {
        var waited = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.That(waited.Elapsed, Is.LessThan(Deadline));
            Thread.Sleep(5);
        }
    }
}
