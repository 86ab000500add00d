using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Visor;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>Why a ring stays full: what the Keeper said, in the status and in the error that a client gets.</summary>
public sealed class TroubleTests
{
    private const string Full = "the journal in /scratch is on a full disk; free space";

    [Test]
    public async Task What_a_keeper_says_is_in_the_status_and_in_the_errors_until_it_is_over()
    {
        await using LoopbackDeployment deployment = await LoopbackDeployment.StartAsync(
            new VisorOptions { HeartbeatPeriod = TimeSpan.FromMilliseconds(50) });
        ChronoClient client = await deployment.ConnectAsync(
            options => options with { FullTimeout = TimeSpan.FromMilliseconds(50), RingCapacityBytes = 64 << 10 });
        StoryHandle story = await client.AcquireStoryAsync("c", "s", createChronicle: true);
        ProcessIdentity keeper = (await client.StatusAsync()).Processes.Single(
            process => process.Identity.Role == Role.Keeper).Identity;
        Assert.That(Refusal(story), Does.Contain("the ring stayed full").And.Not.Contain(Full));

        await deployment.BeatAsync(keeper, Full);
        Assert.That(
            (await client.StatusAsync()).Processes.Single(process => process.Identity.Name == keeper.Name).Trouble,
            Is.EqualTo(Full));
        await Eventually.Until(() => Refusal(story).Contains($"{keeper.Name}: {Full}"), "the reason in log_event's error");
        Assert.That(await FlushErrorAsync(story), Does.Contain(Full));

        await deployment.BeatAsync(keeper, "");
        await Eventually.Until(() => !Refusal(story).Contains(Full), "the reason to go with the trouble");
        Assert.That(await FlushErrorAsync(story), Does.Not.Contain(Full));
        deployment.Keeper.Drain();
    }

    [Test]
    public async Task A_stranger_cannot_fill_the_visor_with_it()
    {
        await using LoopbackDeployment deployment = await LoopbackDeployment.StartAsync();
        ChronoClient client = await deployment.ConnectAsync();
        ProcessIdentity keeper = (await client.StatusAsync()).Processes.Single(
            process => process.Identity.Role == Role.Keeper).Identity;
        await deployment.BeatAsync(keeper, new string('x', 100_000));
        Assert.That(
            (await client.StatusAsync()).Processes.Single(process => process.Identity.Name == keeper.Name).Trouble,
            Has.Length.LessThan(2000));
    }

    private static string Refusal(StoryHandle story)
    {
        var record = new byte[1000];
        while (true)
        {
            try
            {
                story.LogEvent(record);
            }
            catch (ChronoLogException exception)
            {
                return exception.Message;
            }
        }
    }

    private static async Task<string> FlushErrorAsync(StoryHandle story)
    {
        try
        {
            await story.FlushAsync(DurabilityLevel.Synced, TimeSpan.FromMilliseconds(50));
            return "";
        }
        catch (ChronoLogException exception)
        {
            return exception.Message;
        }
    }
}
