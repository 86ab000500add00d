using System.Globalization;
using ChronoLog.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Configuration;
using Microsoft.Extensions.Options;

namespace ChronoLog.Extensions.Logging;

/// <summary>
/// Takes options from the section <c>Logging:ChronoLog</c> of the application's configuration, by their names; the endpoint as
/// <c>Endpoint</c>. By hand: the binder needs reflection, which a trimmed application lacks. What code sets comes later, and wins.
/// </summary>
internal sealed class ConfiguredOptions(ILoggerProviderConfiguration<ChronoLoggerProvider> provider)
    : IConfigureOptions<ChronoLoggerOptions>
{
    private readonly IConfiguration section = provider.Configuration;

    /// <exception cref="ArgumentException">A value that is none.</exception>
    public void Configure(ChronoLoggerOptions options)
    {
        if (section["Endpoint"] is { Length: > 0 } endpoint)
        {
            options.Client = options.Client with { Endpoint = endpoint };
        }

        options.Chronicle = section[nameof(options.Chronicle)] ?? options.Chronicle;
        options.Story = section[nameof(options.Story)] ?? options.Story;
        options.MinimumLevel = Read(nameof(options.MinimumLevel), options.MinimumLevel, Named);
        options.IncludeScopes = Read(nameof(options.IncludeScopes), options.IncludeScopes, bool.TryParse);
        options.RecordBytesMax = Read(nameof(options.RecordBytesMax), options.RecordBytesMax, Number);
        options.QueueBytesMax = Read(nameof(options.QueueBytesMax), options.QueueBytesMax, Number);
        options.WhenFull = Read(nameof(options.WhenFull), options.WhenFull, Named);
        options.BlockTimeout = Read(nameof(options.BlockTimeout), options.BlockTimeout, Duration);
        options.RetryPeriod = Read(nameof(options.RetryPeriod), options.RetryPeriod, Duration);
        options.CloseTimeout = Read(nameof(options.CloseTimeout), options.CloseTimeout, Duration);
    }

    private delegate bool Parser<T>(string text, out T value);

    private static bool Number(string text, out int value) =>
        int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out value);

    private static bool Duration(string text, out TimeSpan value) =>
        TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out value);

    private static bool Named<T>(string text, out T value)
        where T : struct, Enum =>
        Enum.TryParse(text, ignoreCase: true, out value) && Enum.IsDefined(value);

    private T Read<T>(string key, T otherwise, Parser<T> parse)
    {
        string? text = section[key];
        return string.IsNullOrEmpty(text) ? otherwise
            : parse(text, out T value) ? value
            : throw new ArgumentException($"Logging:ChronoLog:{key} is '{text}': that is no {typeof(T).Name}");
    }
}
