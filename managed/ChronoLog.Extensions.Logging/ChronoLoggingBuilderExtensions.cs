using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Extensions.Logging;

/// <summary>Adds ChronoLog to an application's logging.</summary>
public static class ChronoLoggingBuilderExtensions
{
    /// <summary>Sends log records to a story. Its name in the logging configuration is "ChronoLog".</summary>
    /// <param name="builder">Of the application.</param>
    /// <param name="configure">Changes the defaults.</param>
    public static ILoggingBuilder AddChronoLog(this ILoggingBuilder builder, Action<ChronoLoggerOptions>? configure = null)
    {
        var options = new ChronoLoggerOptions();
        configure?.Invoke(options);
        return builder.AddChronoLog(options);
    }

    /// <inheritdoc cref="AddChronoLog(ILoggingBuilder, Action{ChronoLoggerOptions})"/>
    /// <param name="builder">Of the application.</param>
    /// <param name="options">Must not change any more.</param>
    public static ILoggingBuilder AddChronoLog(this ILoggingBuilder builder, ChronoLoggerOptions options)
    {
        builder.Services.AddSingleton<ILoggerProvider>(_ => new ChronoLoggerProvider(options));
        return builder;
    }
}
