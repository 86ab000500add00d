using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ChronoLog.Client;

namespace ChronoLog.Bench.EndToEnd;

/// <summary>
/// One Visor, Keeper, Grapher and Player of the shipped executable in a directory of their own, with windows that
/// keep the phases apart: the Keeper holds everything for one window or until the story is released, the Grapher's
/// chunks are as long as that window, and it archives one as soon as the Keeper's window has passed its end.
/// </summary>
internal sealed class PrivateDeployment : IAsyncDisposable
{
    private const int PortsWanted = 10;

    private PrivateDeployment(string directory, string endpoint) => (Directory, Endpoint) = (directory, endpoint);

    /// <summary>Settings that differ from the defaults, as <c>chronolog up --set</c> takes them.</summary>
    public static IReadOnlyList<string> Settings(BenchOptions options) =>
    [
        "visor.heartbeat-period=50ms",
        "keeper.chunk-duration=1s",
        $"keeper.acceptance-window={options.WindowSeconds}s",
        $"grapher.chunk-duration={options.WindowSeconds}s",
        "grapher.acceptance-window=100ms",
        "grapher.memory-budget=8GiB",
    ];

    public string Directory { get; }

    public string Endpoint { get; }

    /// <param name="options">Directory and provider.</param>
    /// <param name="settings">In place of <see cref="Settings"/>.</param>
    public static async Task<PrivateDeployment> StartAsync(BenchOptions options, IReadOnlyList<string>? settings = null)
    {
        System.IO.Directory.CreateDirectory(options.Directory);
        string directory = Path.Combine(
            options.Directory, $"chronolog-bench-{Environment.ProcessId}-{Environment.TickCount64}");
        System.IO.Directory.CreateDirectory(directory);
        string endpoint = await CommandOutput.OfAsync(BenchPaths.Chronolog,
        [
            "up", "--detach", "--dir", directory, "--keepers", "1", "--fabric", options.Provider,
            "--port-base", FreePorts().ToString(CultureInfo.InvariantCulture),
            .. (settings ?? Settings(options)).SelectMany(setting => new[] { "--set", setting }),
        ]);
        return new PrivateDeployment(directory, endpoint.Trim());
    }

    /// <param name="sharesMemory">False: the client takes every Keeper for one of another node.</param>
    public Task<ChronoClient> ConnectAsync(bool sharesMemory = true) =>
        ChronoClient.ConnectAsync(new ClientOptions
        {
            Endpoint = Endpoint, Program = "bench", FullTimeout = TimeSpan.FromSeconds(30), SharedMemory = sharesMemory,
        });

    /// <summary>Where a story's files appear.</summary>
    public string StoryDirectory(string chronicle, string story) =>
        Path.Combine(Directory, "archive", "group-0", chronicle, story);

    public async ValueTask DisposeAsync()
    {
        await CommandOutput.OfAsync(BenchPaths.Chronolog, "down", "--dir", Directory);
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    // A block of consecutive ports that are free now. The processes refuse to start if one is taken in between.
    private static int FreePorts()
    {
        for (int first = 23000 + (Environment.ProcessId % 500 * PortsWanted * 4); first < 60000; first += PortsWanted)
        {
            if (Enumerable.Range(first, PortsWanted).All(IsFree))
            {
                return first;
            }
        }

        throw new BenchException("no ten consecutive free ports on 127.0.0.1");
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
