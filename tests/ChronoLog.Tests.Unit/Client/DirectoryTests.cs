using ChronoLog.Client;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>Chronicles and stories by name: what is answered, and with which codes refused.</summary>
public sealed class DirectoryTests
{
    private LoopbackDeployment deployment = null!;
    private ChronoClient client = null!;

    [SetUp]
    public async Task StartAsync()
    {
        deployment = await LoopbackDeployment.StartAsync();
        client = await deployment.ConnectAsync();
    }

    [TearDown]
    public async Task StopAsync() => await deployment.DisposeAsync();

    [Test]
    public async Task Chronicles_are_created_once_shown_and_destroyed()
    {
        await client.CreateChronicleAsync("b");
        await client.CreateChronicleAsync("a", new Dictionary<string, string> { ["owner"] = "me" });
        Assert.That(await client.ShowChroniclesAsync(), Is.EqualTo(["a", "b"]));
        ChronoLogException again = await Eventually.Failure(() => client.CreateChronicleAsync("a"));
        Assert.That(again.ClientCode, Is.EqualTo(-6));

        Chronicle shown = await client.ShowChronicleAsync("a");
        Assert.That((shown.Name, shown.Attributes["owner"]), Is.EqualTo(("a", "me")));
        Assert.That(shown.Created, Is.GreaterThan(LoopbackDeployment.RunningClock.Start));

        await client.DestroyChronicleAsync("a");
        Assert.That(await client.ShowChroniclesAsync(), Is.EqualTo(["b"]));
    }

    [Test]
    public async Task Attributes_are_read_and_edited()
    {
        await client.CreateChronicleAsync("c");
        Assert.That(await client.GetChronicleAttributeAsync("c", "durability"), Is.EqualTo("synced"), "the default");

        await client.EditChronicleAttributeAsync("c", "durability", "journaled");
        await client.EditChronicleAttributeAsync("c", "free", "form");

        Assert.That(await client.GetChronicleAttributeAsync("c", "durability"), Is.EqualTo("journaled"));
        Assert.That(await client.GetChronicleAttributeAsync("c", "free"), Is.EqualTo("form"));
        Assert.That(
            await Eventually.Refusal(() => client.EditChronicleAttributeAsync("c", "durability", "soon")),
            Is.EqualTo(Status.InvalidArgument));
        Assert.That(
            await Eventually.Refusal(() => client.GetChronicleAttributeAsync("c", "none")),
            Is.EqualTo(Status.NotExist));
    }

    [Test]
    public async Task What_does_not_exist_is_refused_by_its_code()
    {
        await client.CreateChronicleAsync("c");
        Func<Task>[] calls =
        [
            () => client.DestroyChronicleAsync("no"), () => client.ShowChronicleAsync("no"),
            () => client.ShowStoriesAsync("no"), () => client.GetChronicleAttributeAsync("no", "x"),
            () => client.EditChronicleAttributeAsync("no", "x", "y"), () => client.DestroyStoryAsync("no", "s"),
            () => client.DestroyStoryAsync("c", "no"), () => client.AcquireStoryAsync("no", "s"),
            () => client.ReplayAsync("no", "s"), () => client.ReplayAsync("c", "no"),
        ];

        foreach (Func<Task> call in calls)
        {
            Assert.That((await Eventually.Failure(call)).ClientCode, Is.EqualTo(-3));
        }
    }

    [Test]
    public async Task Names_that_are_none_are_refused()
    {
        await client.CreateChronicleAsync("c");
        Assert.That(
            await Eventually.Refusal(() => client.CreateChronicleAsync("")), Is.EqualTo(Status.InvalidArgument));
        Assert.That(
            await Eventually.Refusal(() => client.CreateChronicleAsync(new string('x', 1025))),
            Is.EqualTo(Status.InvalidArgument));
        Assert.That(
            await Eventually.Refusal(() => client.AcquireStoryAsync("c", "")), Is.EqualTo(Status.InvalidArgument));
    }

    [Test]
    public async Task Stories_are_listed_with_their_chronicle_and_destroyed_with_it()
    {
        await client.AcquireStoryAsync("c", "one", createChronicle: true);
        await client.AcquireStoryAsync("c", "two");
        Assert.That(await client.ShowStoriesAsync("c"), Is.EqualTo(["one", "two"]));
        Assert.That((await Eventually.Failure(() => client.DestroyChronicleAsync("c"))).ClientCode, Is.EqualTo(-4));

        await client.ReleaseStoryAsync("c", "one");
        await client.ReleaseStoryAsync("c", "two");
        await client.DestroyStoryAsync("c", "one");
        Assert.That(await client.ShowStoriesAsync("c"), Is.EqualTo(["two"]));
        await client.DestroyChronicleAsync("c");

        Assert.That(await client.ShowChroniclesAsync(), Is.Empty);
        Assert.That(deployment.Keeper.Admin.Count(Methods.DestroyStoryData), Is.EqualTo(2));
    }
}
