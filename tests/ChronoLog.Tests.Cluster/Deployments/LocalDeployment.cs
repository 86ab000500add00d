using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Cluster.Deployments;

/// <summary>A deployment of real processes in a temporary directory, with short windows.</summary>
internal sealed class LocalDeployment : IAsyncDisposable
{
    private const int PortsPerDeployment = 40;
    private static readonly TimeSpan WaitDeadline = TimeSpan.FromSeconds(60);

    // Below 32768, where the system takes the ports of outgoing connections from: one of those may come at any time.
    private const int PortsBegin = 12000;
    private const int PortsEnd = 32000;
    private const int PortSpans = (PortsEnd - PortsBegin) / PortsPerDeployment;

    // Runs side by side begin far apart; each goes round, since a run starts more deployments than may be left above.
    private static int nextSpan = Environment.ProcessId * 61;

    private readonly IReadOnlyList<IDisposable> prepared;
    private readonly string[] arguments;

    /// <param name="directory">Of a deployment that runs.</param>
    /// <param name="endpoint">Its portal.</param>
    public LocalDeployment(string directory, string endpoint)
        : this(directory, endpoint, [], [])
    {
    }

    private LocalDeployment(string directory, string endpoint, string[] arguments, IReadOnlyList<IDisposable> prepared)
    {
        Directory = directory;
        Endpoint = endpoint;
        this.arguments = arguments;
        this.prepared = prepared;
    }

    public string Directory { get; }

    public string Endpoint { get; }

    /// <summary>A process was killed for good: the stop says so, and fails.</summary>
    public bool HasDeadProcess { get; set; }

    public string ArchiveDirectory => Path.Combine(Directory, "archive", "group-0");

    public string LogDirectory => Path.Combine(Directory, "logs");

    public static Task<LocalDeployment> StartAsync(
        string fabric = "ofi+tcp", int keepers = 2, string window = "500ms", params string[] more) =>
        StartAsync(new DeploymentSetup { Fabric = fabric, Keepers = keepers, Window = window, More = more });

    public static async Task<LocalDeployment> StartAsync(DeploymentSetup setup)
    {
        string directory = System.IO.Directory.CreateTempSubdirectory("chronolog-test-").FullName;
        IReadOnlyList<IDisposable> prepared = [];
        try
        {
            prepared = setup.Prepare(directory);
            string[] arguments = setup.Arguments(directory, FreePorts());
            Chronolog.Outcome up = await Chronolog.RunAsync(null, arguments);
            Assert.That(up.ExitCode, Is.Zero, () => up.Error + Logs(directory));
            return new LocalDeployment(directory, up.Output.Trim(), arguments, prepared);
        }
        catch
        {
            Remove(directory, prepared);
            throw;
        }
    }

    /// <summary>Starts it once more in its directory, after its processes, supervisor included, have ended.</summary>
    public async Task StartAgainAsync()
    {
        Chronolog.Outcome up = await Chronolog.RunAsync(null, arguments);
        Assert.That(up.ExitCode, Is.Zero, () => up.Error + Logs(Directory));
    }

    /// <summary>The log of a process, such as <c>keeper-0</c>.</summary>
    public string LogOf(string process) => File.ReadAllText(Path.Combine(LogDirectory, process + ".log"));

    /// <summary>The Visor's metadata as they are now, in another directory, for the Visor holds its own.</summary>
    /// <returns>The copied file.</returns>
    public string CopyDatabase(string directory)
    {
        const string Name = "chrono-visor.db";
        System.IO.Directory.CreateDirectory(directory);
        foreach (string file in (string[])[Name, Name + "-wal"])
        {
            if (File.Exists(Path.Combine(Directory, file)))
            {
                File.Copy(Path.Combine(Directory, file), Path.Combine(directory, file));
            }
        }

        return Path.Combine(directory, Name);
    }

    /// <summary>A client that waits for its Visor, which a test may just have killed.</summary>
    public Task<ChronoClient> ConnectAsync(ClientOptions? options = null)
    {
        options ??= new ClientOptions();
        return ChronoClient.ConnectAsync(
            options with { Endpoint = Endpoint, Program = "test", ConnectPatience = options.CallDeadline });
    }

    public Task<Chronolog.Outcome> RunAsync(string? input, params string[] arguments) =>
        Chronolog.RunAsync(input, [.. arguments, "--endpoint", Endpoint]);

    public async Task<JsonElement> StatusAsync()
    {
        Chronolog.Outcome status = (await RunAsync(null, "status", "--json")).Succeeded();
        using JsonDocument document = JsonDocument.Parse(status.Output);
        return document.RootElement.Clone();
    }

    /// <summary>Waits for a condition of the deployment's status.</summary>
    public async Task<StatusReply> WaitAsync(ChronoClient client, Func<StatusReply, bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(WaitDeadline);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        StatusReply? last = null;
        try
        {
            while (true)
            {
                last = await client.StatusAsync(deadline.Token);
                if (condition(last))
                {
                    return last;
                }

                await timer.WaitForNextTickAsync(deadline.Token);
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"waited {WaitDeadline.TotalSeconds} s for {what}; last status: {last}");
        }
    }

    /// <summary>Waits until all of a story is in StoryFiles.</summary>
    public Task<StatusReply> WaitUntilColdAsync(ChronoClient client, string chronicle, string story, long events) => WaitAsync(
        client,
        status => status.Stories.Any(each => each.Chronicle == chronicle && each.Story == story
            && each.Hot == 0 && each.Warm == 0 && each.Cold >= (ulong)events),
        $"{events} cold events of {chronicle}/{story}");

    public async ValueTask DisposeAsync()
    {
        Chronolog.Outcome down = await Chronolog.RunAsync(null, "down", "--dir", Directory);
        string logs = Logs(Directory);
        Remove(Directory, prepared);
        Assert.That(down.ExitCode, HasDeadProcess ? Is.Not.Zero : Is.Zero, () => down.Error + logs);
    }

    private static void Remove(string directory, IReadOnlyList<IDisposable> prepared)
    {
        foreach (IDisposable each in prepared.Reverse())
        {
            each.Dispose();
        }

        System.IO.Directory.Delete(directory, recursive: true);
    }

    private static string Logs(string directory)
    {
        string folder = Path.Combine(directory, "logs");
        return !System.IO.Directory.Exists(folder)
            ? ""
            : string.Concat(System.IO.Directory.EnumerateFiles(folder)
                .Select(file => $"\n== {Path.GetFileName(file)}\n" + string.Join('\n', File.ReadLines(file).TakeLast(15))));
    }

    /// <summary>First of enough ports that nobody listens on.</summary>
    public static int FreePorts()
    {
        for (int tried = 0; tried < PortSpans; tried++)
        {
            int first = PortsBegin + ((int)((uint)Interlocked.Increment(ref nextSpan) % PortSpans) * PortsPerDeployment);
            if (Enumerable.Range(first, PortsPerDeployment).All(IsFree))
            {
                return first;
            }
        }

        throw new InvalidOperationException($"no {PortsPerDeployment} free ports in a row between {PortsBegin} and {PortsEnd}");
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
