using System.Globalization;

namespace ChronoLog.Bench.EndToEnd;

/// <summary>What an end-to-end run was asked for.</summary>
internal sealed record BenchOptions
{
    public const string Help =
        """
        usage: end-to-end [--sizes 64,256,1024,4096] [--events N] [--provider ofi+tcp] [--directory DIR]
                          [--window SECONDS] [--json]
               clock [--directory DIR]
               micro [--filter PATTERN ...]
        """;

    /// <summary>Bytes of records, frames and index entries that a size may take: what a few seconds move.</summary>
    private const long BytesPerSize = 1L << 30;

    private const long EventsMax = 4_000_000;
    private const int RecordBytesMin = 8; // the event's number stands in it
    private const int RecordBytesMax = 1 << 20;

    /// <summary>Bytes of an event's record.</summary>
    public IReadOnlyList<int> Sizes { get; init; } = [64, 256, 1024, 4096];

    /// <summary>Events per size; 0 = as many as take a few seconds.</summary>
    public long Events { get; init; }

    public string Provider { get; init; } = "ofi+tcp";

    /// <summary>Where the deployments and the limits' files lie: the device that is measured.</summary>
    public string Directory { get; init; } = Path.GetTempPath();

    /// <summary>How long the Keeper holds events: ingestion and hot replay of a size must be over by then.</summary>
    public long WindowSeconds { get; init; } = 6;

    /// <summary>One JSON object instead of tables.</summary>
    public bool Json { get; init; }

    public long EventsOf(int size) => Events > 0 ? Events : Math.Min(EventsMax, BytesPerSize / (size + 56));

    public static BenchOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new BenchOptions();
        for (int i = 0; i < arguments.Count; i++)
        {
            string name = arguments[i];
            string Value() => ++i < arguments.Count ? arguments[i] : throw new UsageException($"{name} needs a value");
            options = name switch
            {
                "--sizes" => options with { Sizes = [.. Value().Split(',').Select(size => Size(name, size))] },
                "--events" => options with { Events = Number(name, Value(), 1000, 100_000_000) },
                "--provider" => options with { Provider = Value() },
                "--directory" => options with { Directory = Path.GetFullPath(Value()) },
                "--window" => options with { WindowSeconds = Number(name, Value(), 2, 600) },
                "--json" => options with { Json = true },
                _ => throw new UsageException($"'{name}' is unknown"),
            };
        }

        return options;
    }

    private static int Size(string name, string text) => (int)Number(name, text, RecordBytesMin, RecordBytesMax);

    private static long Number(string name, string text, long least, long most) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            && value >= least && value <= most
                ? value
                : throw new UsageException($"{name} '{text}': expected {least} .. {most}");
}
