using ChronoLog.Client;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Extensions.Logging;

/// <summary>Where an application's log records go, and what happens when they can't.</summary>
public sealed class ChronoLoggerOptions
{
    /// <summary>How to connect. The endpoint's default is the environment's CHRONOLOG_ENDPOINT, else tcp://127.0.0.1:5555.</summary>
    public ClientOptions Client { get; set; } = new()
    {
        Endpoint = Environment.GetEnvironmentVariable("CHRONOLOG_ENDPOINT") is { Length: > 0 } endpoint
            ? endpoint
            : "tcp://127.0.0.1:5555",
    };

    /// <summary>Created, with default attributes, when it is missing.</summary>
    public string Chronicle { get; set; } = "logs";

    /// <summary>Default: the program's name. Several processes may share one story.</summary>
    public string Story { get; set; } = Path.GetFileName(Environment.ProcessPath ?? "application");

    /// <summary>Below it nothing is recorded, whatever the filters of the logging framework let through.</summary>
    public LogLevel MinimumLevel { get; set; } = LogLevel.Trace;

    /// <summary>Whether a record has the scopes that it was logged in.</summary>
    public bool IncludeScopes { get; set; } = true;

    /// <summary>Longest record in bytes, 512 to 1 MiB: what is longer is cut, and says so ("truncated": true).</summary>
    public int RecordBytesMax { get; set; } = 16 << 10;

    /// <summary>Bytes of records that wait for the deployment, 64 KiB to 1 GiB.</summary>
    public int QueueBytesMax { get; set; } = 4 << 20;

    /// <summary>What becomes of a record that finds no room.</summary>
    public WhenFull WhenFull { get; set; } = WhenFull.Drop;

    /// <summary>Of <see cref="WhenFull.Block"/>.</summary>
    public TimeSpan BlockTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Pause between two attempts to reach the deployment.</summary>
    public TimeSpan RetryPeriod { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the provider's disposal waits for what is queued, and for the story's release.</summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    internal void Check()
    {
        ArgumentException.ThrowIfNullOrEmpty(Chronicle);
        ArgumentException.ThrowIfNullOrEmpty(Story);
        InRange(RecordBytesMax, 512, 1 << 20, nameof(RecordBytesMax));
        InRange(QueueBytesMax, 64 << 10, 1 << 30, nameof(QueueBytesMax));
        ArgumentOutOfRangeException.ThrowIfLessThan(BlockTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(RetryPeriod, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(CloseTimeout, TimeSpan.Zero);
    }

    private static void InRange(int value, int least, int most, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, most, name);
    }
}
