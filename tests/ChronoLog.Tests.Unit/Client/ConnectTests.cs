using System.Net;
using System.Net.Sockets;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Visor;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>Connecting, staying connected, and every way in which connecting fails.</summary>
public sealed class ConnectTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    [Test]
    public async Task A_connected_client_has_an_id_and_the_base_clock()
    {
        await using LoopbackDeployment deployment = await LoopbackDeployment.StartAsync(keeper: false);
        ChronoClient first = await deployment.ConnectAsync();
        ChronoClient second = await deployment.ConnectAsync();

        Assert.That((first.ClientId, second.ClientId), Is.EqualTo((1ul, 2ul)));
        ulong before = new LoopbackDeployment.RunningClock().Now;
        ulong now = first.Clock.Now;
        ulong after = new LoopbackDeployment.RunningClock().Now;
        ulong uncertainty = first.Clock.UncertaintyNanoseconds;
        Assert.That(uncertainty, Is.InRange(1, 1_000_000_000));
        Assert.That(now, Is.InRange(before - uncertainty, after + uncertainty));
    }

    [Test]
    public async Task The_deployment_knows_what_the_client_says_of_itself()
    {
        await using LoopbackDeployment deployment = await LoopbackDeployment.StartAsync();
        ChronoClient client = await deployment.ConnectAsync(options => options with
        {
            Program = "simulation",
            Attributes = new Dictionary<string, string> { ["rank"] = "3" },
        });
        await client.AcquireStoryAsync("c", "s", createChronicle: true);

        StatusReply status = await client.StatusAsync();

        ClientStatus own = status.Clients.Single();
        Assert.That((own.ClientId, own.Program, own.Pid, own.Stories), Is.EqualTo(
            (client.ClientId, "simulation", (uint)Environment.ProcessId, 1u)));
        Assert.That(own.Environment["rank"], Is.EqualTo("3"));
        Assert.That(status.Processes.Select(each => each.Identity.Name), Does.Contain("keeper-0"));
    }

    [Test]
    public async Task Nobody_at_the_endpoint_is_no_connection()
    {
        string endpoint;
        await using (LoopbackDeployment gone = await LoopbackDeployment.StartAsync(keeper: false))
        {
            endpoint = gone.Portal.Endpoint;
        }

        ChronoLogException failure = await Eventually.Failure(() => ChronoClient.ConnectAsync(
            new ClientOptions { Endpoint = endpoint, CallDeadline = TimeSpan.FromHours(1) }));

        Assert.That(failure.ClientCode, Is.EqualTo(-8));
        Assert.That(failure.Message, Does.Contain(endpoint).And.Contain("nobody listens"));
    }

    [Test]
    public async Task A_visor_that_comes_a_little_later_is_waited_for()
    {
        string endpoint;
        await using (LoopbackDeployment gone = await LoopbackDeployment.StartAsync(keeper: false))
        {
            endpoint = gone.Portal.Endpoint;
        }

        ChronoLogException failure = await Eventually.Failure(() => ChronoClient.ConnectAsync(
            new ClientOptions { Endpoint = endpoint, CallDeadline = Short, ConnectPatience = TimeSpan.FromHours(1) }));

        Assert.That(failure.ClientCode, Is.EqualTo(-8));
        Assert.That(failure.Message, Does.Contain("within 200 ms"));
    }

    [Test]
    public async Task A_listener_that_says_nothing_is_no_connection()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string endpoint = $"tcp://{listener.LocalEndpoint}";

        ChronoLogException failure = await Eventually.Failure(() => ChronoClient.ConnectAsync(
            new ClientOptions { Endpoint = endpoint, CallDeadline = Short }));

        Assert.That(failure.Status, Is.EqualTo(Status.NoConnection));
        Assert.That(failure.Message, Does.Contain(endpoint));
    }

    [Test]
    public async Task A_visor_that_does_not_answer_is_a_time_out()
    {
        await using LoopbackDeployment deployment = await LoopbackDeployment.StartAsync(keeper: false);
        var held = new TaskCompletionSource();
        deployment.Portal.Before(Methods.Connect, () => new ValueTask(held.Task));

        Assert.That(
            await Eventually.Refusal(() => deployment.ConnectAsync(options => options with { CallDeadline = Short })),
            Is.EqualTo(Status.TimedOut));
        held.SetResult();
    }

    [Test]
    public async Task A_cancelled_connect_ends_at_once()
    {
        await using LoopbackDeployment deployment = await LoopbackDeployment.StartAsync(keeper: false);
        var held = new TaskCompletionSource();
        deployment.Portal.Before(Methods.Connect, () => new ValueTask(held.Task));
        using var cancellation = new CancellationTokenSource();
        Task<ChronoClient> connecting = ChronoClient.ConnectAsync(
            new ClientOptions { Endpoint = deployment.Portal.Endpoint }, cancellation: cancellation.Token);
        await Eventually.Until(() => deployment.Portal.Count(Methods.Connect) == 1, "the call reached the Visor");

        await cancellation.CancelAsync();

        Assert.That(
            async () => await connecting.WaitAsync(Eventually.Patience),
            Throws.InstanceOf<OperationCanceledException>());
        held.SetResult();
    }

    [Test]
    public async Task Another_protocol_version_is_refused_by_its_code()
    {
        await using LoopbackDeployment deployment = await LoopbackDeployment.StartAsync(keeper: false);
        deployment.Portal.Before(Methods.Connect, () => throw new ChronoLogException(
            Status.ProtocolVersionMismatch, "the client speaks version 1, this visor 2"));

        ChronoLogException failure = await Eventually.Failure(() => deployment.ConnectAsync());

        Assert.That(failure.ClientCode, Is.EqualTo(-13));
        Assert.That(failure.Message, Does.Contain("this visor 2"));
    }

    [Test]
    public async Task A_full_visor_refuses_until_somebody_leaves()
    {
        await using LoopbackDeployment deployment =
            await LoopbackDeployment.StartAsync(new VisorOptions { ClientsMax = 1 }, keeper: false);
        ChronoClient first = await deployment.ConnectAsync();
        Assert.That(await Eventually.Refusal(() => deployment.ConnectAsync()), Is.EqualTo(Status.LimitExceeded));

        await first.DisconnectAsync();

        Assert.That((await deployment.ConnectAsync()).ClientId, Is.Not.EqualTo(first.ClientId));
    }

    [Test]
    public async Task A_client_that_gets_no_clock_is_not_left_behind()
    {
        await using LoopbackDeployment deployment = await LoopbackDeployment.StartAsync(keeper: false);
        ChronoClient other = await deployment.ConnectAsync();
        deployment.Portal.Before(
            Methods.Clock, () => throw new ChronoLogException(Status.Internal, "the clock is broken"));

        ChronoLogException failure = await Eventually.Failure(() => deployment.ConnectAsync());

        Assert.That(failure.Message, Does.Contain("the clock is broken"));
        Assert.That((await other.StatusAsync()).Clients.Select(each => each.ClientId), Is.EqualTo([other.ClientId]));
    }

    [TestCase("127.0.0.1:5555")]
    [TestCase("tcp://127.0.0.1")]
    [TestCase("")]
    public async Task A_malformed_endpoint_is_refused_and_leaves_no_thread(string endpoint)
    {
        int before = ConnectorThreads();
        for (int i = 0; i < 10; i++)
        {
            Assert.That(
                await Eventually.Refusal(() => ChronoClient.ConnectAsync(new ClientOptions { Endpoint = endpoint })),
                Is.EqualTo(Status.InvalidArgument));
        }

        await Eventually.Until(() => ConnectorThreads() <= before, "the threads of ten refused clients have ended");
    }

    [Test]
    public async Task A_client_that_is_silent_renews_its_lease()
    {
        await using LoopbackDeployment deployment = await LoopbackDeployment.StartAsync(
            new VisorOptions { ClientLease = TimeSpan.FromSeconds(1) }, keeper: false);
        await deployment.ConnectAsync();

        await Eventually.Until(() => deployment.Portal.Count(Methods.KeepAlive) >= 2, "two renewals");
    }

    [Test]
    public async Task What_is_acquired_is_recorded_while_the_visor_is_away()
    {
        await using LoopbackDeployment deployment = await LoopbackDeployment.StartAsync();
        ChronoClient client = await deployment.ConnectAsync(options => options with { CallDeadline = Short });
        StoryHandle story = await client.AcquireStoryAsync("c", "s", createChronicle: true);
        await deployment.StopVisorAsync();

        story.LogEvent("without the visor"u8);

        deployment.Keeper.Drain();
        Assert.That(deployment.Keeper.RecordsOf(story.StoryId), Is.EqualTo(["without the visor"]));
        Assert.That(await Eventually.Refusal(() => client.ShowChroniclesAsync()), Is.EqualTo(Status.NoConnection));
    }

    // Linux names threads in the kernel too.
    private static int ConnectorThreads() =>
        Directory.EnumerateDirectories("/proc/self/task").Count(task => NameOf(task) == "rpc-connector");

    private static string NameOf(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).Trim();
        }
        catch (IOException)
        {
            return ""; // it has just ended
        }
    }
}
