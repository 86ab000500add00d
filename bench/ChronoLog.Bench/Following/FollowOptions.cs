using System.Globalization;

namespace ChronoLog.Bench.Following;

/// <summary>What a measurement of followers was asked for.</summary>
internal sealed record FollowOptions
{
    public const string Help =
        """
               follow [--followers 100,1000,2500] [--rate EVENTS_PER_SECOND] [--seconds N] [--processes N]
                      [--provider ofi+tcp] [--directory DIR]
        """;

    /// <summary>How many follow at once, for one row each; beside each row one with none.</summary>
    public IReadOnlyList<int> Followers { get; init; } = [100, 1000, 2500];

    /// <summary>Events that the writer records per second: what it does, not what it can do, so that rows can be compared.</summary>
    public int Rate { get; init; } = 2000;

    /// <summary>Of each row.</summary>
    public int Seconds { get; init; } = 3;

    /// <summary>Among which the followers are divided.</summary>
    public int Processes { get; init; } = 2;

    public string Provider { get; init; } = "ofi+tcp";

    public string Directory { get; init; } = Path.GetTempPath();

    public static FollowOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new FollowOptions();
        for (int i = 0; i < arguments.Count; i++)
        {
            string name = arguments[i];
            string Value() => ++i < arguments.Count ? arguments[i] : throw new UsageException($"{name} needs a value");
            options = name switch
            {
                "--followers" => options with { Followers = [.. Value().Split(',').Select(each => Number(name, each, 1, 3000))] },
                "--rate" => options with { Rate = Number(name, Value(), 10, 1_000_000) },
                "--seconds" => options with { Seconds = Number(name, Value(), 1, 600) },
                "--processes" => options with { Processes = Number(name, Value(), 1, 64) },
                "--provider" => options with { Provider = Value() },
                "--directory" => options with { Directory = Path.GetFullPath(Value()) },
                _ => throw new UsageException($"'{name}' is unknown"),
            };
        }

        return options;
    }

    private static int Number(string name, string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most
            ? value
            : throw new UsageException($"{name} '{text}': expected {least} .. {most}");
}
